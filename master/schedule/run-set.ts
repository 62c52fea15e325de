import type { WorkerId } from "#shared/model/ids";
import type { RunSet } from "#shared/model/result";
import type { Attempt, Job, State } from "./state.js";

type RunGroup = RunSet[number];

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

/** Every run that exists now, in the order of map tasks; one object until that changes. */
export function allRuns(state: State, job: Job): RunSet {
  job.runSet ??= groupRuns(state, job.maps.counts.done === 0 ? [] : winners(job));
  return job.runSet;
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

function* winners(job: Job): Iterable<Attempt> {
  for (const task of job.maps.tasks) if (task?.winner) yield task.winner;
}
