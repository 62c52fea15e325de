import { listLinks, type LinkView } from "#master/schedule/chain-views";
import type { JobView } from "#master/schedule/views";
import type { StageProgress, StepView } from "#shared/client/types";
import type { JobId } from "#shared/model/ids";
import type { ApiContext } from "./context.js";
import { instantOrNull } from "./instant.js";
import { progressOf } from "./stage-progress.js";

const notBegun: StageProgress = { total: 0, pending: 0, running: 0, done: 0, fraction: 0 };

/** The runs of a job's steps, and the steps that have not begun; empty for a job without steps. */
export function stepViews(api: ApiContext, jobId: JobId): StepView[] {
  return listLinks(api.coordinator.state, jobId).map((link) => stepView(api, link));
}

function stepView(api: ApiContext, { name, round, kind, jobId, status }: LinkView): StepView {
  const run = jobId === null ? null : api.job(jobId);
  return {
    name,
    round,
    isSample: kind === "sample",
    isCopy: kind === "copy",
    jobId,
    status: status ?? "pending",
    startedAt: instantOrNull(run?.plannedAtMs ?? null),
    endedAt: instantOrNull(run?.endedAtMs ?? null),
    map: run === null ? notBegun : progressOf(api, run, "map"),
    reduce: run === null ? notBegun : progressOf(api, run, "reduce"),
  };
}

/**
 * The job whose tasks stand for those of a job: of one with steps, that of its present or last run.
 * @returns a note that says so, where it is another one
 * @throws MR_JOB_NOT_FOUND
 */
export function jobWithTasks(api: ApiContext, jobId: JobId): { run: JobView; note: string | null } {
  const job = api.job(jobId);
  if (job.runId === null) return { run: job, note: null };
  const { stepRun } = api.job(job.runId).spec;
  const step = job.spec.steps?.[stepRun?.stepIndex ?? 0]?.name ?? job.spec.name;
  const note =
    `these are of step ${step}, round ${stepRun?.round ?? 1}, which is job ${job.runId}; ` +
    `the jobs of all steps: GET /jobs?parent=${jobId}`;
  return { run: api.job(job.runId), note };
}
