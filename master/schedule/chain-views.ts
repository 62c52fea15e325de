import type { JobId } from "#shared/model/ids";
import type { JobStatus } from "#shared/model/job";
import { isFinal } from "#shared/model/job";
import { addCounters, type Counters } from "#shared/model/result";
import { stepsOfChain, type Link } from "./links.js";
import {
  noCounts,
  type AttemptCounts,
  type Job,
  type StageTasks,
  type State,
  type TaskCounts,
} from "./state.js";

/** A run of a chain, or a step that has not begun. */
export interface LinkView {
  /** Name of the step. */
  readonly name: string;
  readonly round: number;
  readonly kind: Link["kind"];
  /** Null for a step that has not begun. */
  readonly jobId: JobId | null;
  /** Null for a step that has not begun. */
  readonly status: JobStatus | null;
}

/** The runs that are kept, oldest first, then the steps that have not begun; empty for other jobs. */
export function listLinks(state: State, jobId: JobId): LinkView[] {
  const job = state.jobs.get(jobId);
  if (job === undefined || job.chain === null) return [];
  const steps = stepsOfChain(job.spec);
  const views: LinkView[] = [];
  for (const childId of job.chain.children) {
    const child = state.jobs.get(childId);
    const run = child?.spec.stepRun;
    if (child === undefined || run === undefined) continue;
    const kind = run.copies ? "copy" : run.sampleKeysMax === undefined ? "run" : "sample";
    const { stepIndex, round } = run;
    const name = steps[stepIndex]?.name ?? "";
    views.push({ name, round, kind, jobId: childId, status: child.status });
  }
  const { link } = job.chain;
  if (link.kind === "sample") views.push(notBegun(steps[link.stepIndex]?.name ?? "", link.round));
  for (const { name } of steps.slice(link.stepIndex + 1)) views.push(notBegun(name, 1));
  return views;
}

function notBegun(name: string, round: number): LinkView {
  return { name, round, kind: "run", jobId: null, status: null };
}

/** The job whose tasks stand for those of a job: of a chain its present or last run, otherwise itself. */
export function presentRun(state: State, job: Job): Job {
  return state.jobs.get(job.chain?.children.at(-1) ?? "") ?? job;
}

/** Counts of a stage: of a chain those of its present run, and sums over all runs once it ended. */
export function countsOf(
  state: State,
  job: Job,
  stage: "maps" | "reduces",
): { readonly taskCount: number; readonly counts: TaskCounts } {
  if (job.chain !== null && job.endedAtMs !== null) {
    const counts = { ...job.chain.totals[stage] };
    return { taskCount: Object.values(counts).reduce((sum, count) => sum + count, 0), counts };
  }
  const { taskCount, counts }: StageTasks = presentRun(state, job)[stage];
  return { taskCount, counts: { ...noCounts(), ...counts } };
}

/** Attempts in all; of a chain those of all its runs. */
export function attemptsOf(state: State, job: Job): AttemptCounts {
  const sums = { ...job.attemptCounts };
  if (job.chain === null) return sums;
  addCounters(sums, job.chain.totals.attempts);
  const run = presentRun(state, job);
  if (!isFinal(run.status)) addCounters(sums, run.attemptCounts);
  return sums;
}

/** Sums over winning attempts of both stages; of a chain over all its runs. */
export function countersOf(state: State, job: Job): Counters {
  const sums: Counters = {};
  const run = presentRun(state, job);
  if (job.chain !== null) addCounters(sums, job.chain.totals.counters);
  // What ended is in the totals, except for samples: what they map is mapped once more.
  if (job.chain !== null && (isFinal(run.status) || isSample(run))) return sums;
  addCounters(sums, run.maps.counters);
  addCounters(sums, run.reduces.counters);
  return sums;
}

/** Whether a run only looks at keys. */
export function isSample({ spec }: Job): boolean {
  return spec.stepRun?.sampleKeysMax !== undefined;
}
