import type { WorkerId } from "#shared/model/ids";
import type { RunSet } from "#shared/model/result";
import type { Attempt, Job, State } from "./state.js";

type RunGroup = RunSet[number];

/** Runs beyond what a built set has are announced, up to this part of it. */
const recentShare = 8;

/** Groups the runs of finished map attempts by the worker that holds them. */
export function groupRuns(state: State, winners: Iterable<Attempt>): RunSet {
  const groups = new Map<WorkerId, RunGroup>();
  for (const { workerId, ref } of winners) {
    let group = groups.get(workerId);
    if (group === undefined) {
      group = { workerId, address: state.workers.get(workerId)?.runAddress ?? "", maps: [] };
      groups.set(workerId, group);
    }
    group.maps.push(ref.taskIndex, ref.attempt);
  }
  return [...groups.values()];
}

/**
 * Runs that exist now, in the order of map tasks: all of them, or, while maps run, all but a few
 * recent ones. One object serves many launches, as building it costs a walk over all maps.
 * @returns with `length`, the part of `finishedMaps` that is covered; the rest is announced later
 */
export function mostRuns(state: State, job: Job): { runs: RunSet; length: number } {
  const { length } = job.finishedMaps;
  const spare = job.maps.running.size > 0 ? job.runSetLength / recentShare : 0;
  if (length - job.runSetLength > spare) {
    job.runSet = null;
    job.runSetLength = length;
  }
  job.runSet ??= groupRuns(state, winnersWithin(job, job.runSetLength));
  return { runs: job.runSet, length: job.runSetLength };
}

/** Every run that exists now. */
export function allRuns(state: State, job: Job): RunSet {
  return groupRuns(state, winnersWithin(job, job.finishedMaps.length));
}

/** A run is gone or lies elsewhere now: what was built before is void. */
export function dropRunSet(job: Job): void {
  job.runSet = null;
  job.runSetLength = 0;
}

/** Runs of maps that finished since `finishedMaps` had that length, and still exist. */
export function runsSince(state: State, job: Job, length: number): RunSet {
  const recent: Attempt[] = [];
  for (let at = length; at < job.finishedMaps.length; at += 2) {
    const winner = job.maps.tasks[job.finishedMaps[at] ?? -1]?.winner;
    if (winner && winner.ref.attempt === job.finishedMaps[at + 1]) recent.push(winner);
  }
  return groupRuns(state, recent);
}

function* winnersWithin(job: Job, length: number): Iterable<Attempt> {
  const recent = new Set<number>();
  for (let at = length; at < job.finishedMaps.length; at += 2)
    recent.add(job.finishedMaps[at] ?? -1);
  for (const task of job.maps.tasks) if (task?.winner && !recent.has(task.index)) yield task.winner;
}
