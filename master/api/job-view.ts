import type * as views from "#master/schedule/views";
import type { JobFailure } from "#master/schedule/state";
import type { JobFailure as FailureView, JobView, StageProgress } from "#shared/client/types";
import { taskName, type JobId, type Stage } from "#shared/model/ids";
import { isFinal } from "#shared/model/job";
import type { ApiContext } from "./context.js";

export function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}

export function instantOrNull(atMs: number | null): string | null {
  return atMs === null ? null : instant(atMs);
}

/** The job as clients see it. @throws MR_JOB_NOT_FOUND */
export function jobView(api: ApiContext, jobId: JobId): JobView {
  const job = api.job(jobId);
  const { bundleSha256: _bundle, ...spec } = job.spec;
  const running = { map: 0, reduce: 0 };
  for (const { ref, fraction } of api.coordinator.progress.ofJob(jobId)) {
    running[ref.stage] += fraction;
  }
  const stage = (name: Stage) => stageProgress(job, name, running[name]);
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
    map: stage("map"),
    reduce: stage("reduce"),
    attempts: {
      running: attemptCounts.running,
      failed: attemptCounts.failed,
      lost: attemptCounts.lost,
    },
    failure: job.failure === null ? null : failureView(jobId, job.failure),
    parent: job.spec.stepRun?.parentId ?? null,
    steps: [],
    stepsLeftOut: 0,
    spec,
  };
}

function stageProgress(job: views.JobView, stage: Stage, runningFraction: number): StageProgress {
  const { taskCount, counts } = job[stage];
  const { done, running } = counts;
  // A stage without tasks is done as soon as that is known.
  const empty = job.plan === null && !isFinal(job.status) ? 0 : 1;
  const share = Math.min(runningFraction, running);
  return {
    total: taskCount,
    pending: taskCount - done - running,
    running,
    done,
    fraction: taskCount === 0 ? empty : (done + share) / taskCount,
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
