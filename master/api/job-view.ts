import type { JobFailure } from "#master/schedule/state";
import type { JobFailure as FailureView, JobView } from "#shared/client/types";
import { taskName, type JobId } from "#shared/model/ids";
import type { ApiContext } from "./context.js";
import { instant, instantOrNull } from "./instant.js";
import { progressOf } from "./stage-progress.js";
import { stepViews } from "./steps.js";

/** The job as clients see it. @throws MR_JOB_NOT_FOUND */
export function jobView(api: ApiContext, jobId: JobId): JobView {
  const job = api.job(jobId);
  const { bundleSha256: _bundle, ...spec } = job.spec;
  const { attemptCounts } = job;
  return {
    id: jobId,
    name: job.spec.name,
    status: job.status,
    submittedAt: instant(job.submittedAtMs),
    startedAt: instantOrNull(job.plannedAtMs),
    endedAt: instantOrNull(job.endedAtMs),
    output: job.output,
    waitingFor: job.waitingFor,
    map: progressOf(api, job, "map"),
    reduce: progressOf(api, job, "reduce"),
    attempts: {
      running: attemptCounts.running,
      failed: attemptCounts.failed,
      lost: attemptCounts.lost,
    },
    failure: job.failure === null ? null : failureView(job.runId ?? jobId, job.failure),
    parent: job.spec.stepRun?.parentId ?? null,
    steps: stepViews(api, jobId),
    stepsLeftOut: job.leftOut,
    spec,
  };
}

function failureView(
  jobId: JobId,
  { failure, stage, taskIndex, attempt, workerId }: JobFailure,
): FailureView {
  const { code, message, userFrame, stack, place, logTail } = failure;
  return {
    code,
    message,
    jobId,
    task: stage === null || taskIndex === null ? null : taskName({ stage, taskIndex }),
    attempt,
    worker: workerId,
    userFrame,
    stack,
    place,
    logTail,
  };
}
