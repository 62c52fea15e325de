import type { JobView } from "#master/schedule/views";
import type { StageProgress } from "#shared/client/types";
import type { Stage } from "#shared/model/ids";
import { isFinal } from "#shared/model/job";
import type { ApiContext } from "./context.js";

/** How far a stage is, by the tasks that are done and what running attempts reported. */
export function progressOf(api: ApiContext, job: JobView, stage: Stage): StageProgress {
  const runId = job.runId ?? job.jobId;
  const run = runId === job.jobId ? job : api.job(runId);
  let reported = 0;
  for (const { ref, fraction } of api.coordinator.progress.ofJob(runId)) {
    if (ref.stage === stage) reported += fraction;
  }
  const { taskCount, counts } = job[stage];
  const { done, running } = counts;
  // A stage without tasks is done as soon as that is known.
  const empty = run.plan === null && !isFinal(job.status) ? 0 : 1;
  const share = Math.min(reported, running);
  return {
    total: taskCount,
    pending: taskCount - done - running,
    running,
    done,
    fraction: taskCount === 0 ? empty : (done + share) / taskCount,
  };
}
