import type { Job, State } from "#master/schedule/state";
import { isFinal } from "#shared/model/job";
import type { JobId } from "#shared/model/ids";

/** Ended jobs beyond those that are kept, the ones that ended first. Runs of chains go with them. */
export function forgettable(state: State, keepCount: number): JobId[] {
  const ended = [...state.jobs.values()].filter(
    ({ status, spec }) => isFinal(status) && spec.stepRun === undefined,
  );
  if (ended.length <= keepCount) return [];
  const oldestFirst = ended.toSorted((a, b) => endOf(a) - endOf(b) || a.order - b.order);
  return oldestFirst.slice(0, ended.length - keepCount).map((job) => job.jobId);
}

function endOf(job: Job): number {
  return job.endedAtMs ?? 0;
}
