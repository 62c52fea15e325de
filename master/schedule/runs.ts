import { announce, announceTo, withdrawFrom } from "./announce.js";
import { presentWorker, type Context } from "./context.js";
import { endJob } from "./ending.js";
import type { Event } from "./events.js";
import { infrastructureFailure } from "./failures.js";
import { dropHold, hold, needsRuns } from "./holds.js";
import { dropRunSet, groupRuns } from "./run-set.js";
import type { Attempt, Job, Task, Worker } from "./state.js";
import { makePending, runningAttempt, runningJobTask, setAttemptState } from "./tasks.js";

type RunUnreachable = Extract<Event, { type: "run-unreachable" }>;

/** A map finished: its run lies with its worker, and running reduces are told. */
export function addRun(context: Context, job: Job, winner: Attempt): void {
  hold(context, winner);
  job.finishedMaps.push(winner.ref.taskIndex, winner.ref.attempt);
  announce(context, job);
}

/** The worker's runs are gone with it: maps are pending again where a reduce still needs them. */
export function loseRuns(context: Context, worker: Worker, reason: string): void {
  const held = [...worker.holds].toSorted(([a], [b]) => (a < b ? -1 : 1));
  worker.holds.clear();
  for (const [jobId, indexes] of held) {
    const job = context.state.jobs.get(jobId);
    if (job === undefined || !needsRuns(job)) continue;
    for (const index of [...indexes].toSorted((a, b) => a - b)) {
      const task = job.maps.tasks[index];
      if (task?.winner) dropOutput(context, job, task, task.winner, reason);
    }
  }
}

/** A finished map has no output any more and must run again; the reduces that run are told. */
function dropOutput(context: Context, job: Job, map: Task, winner: Attempt, reason: string): void {
  map.winner = null;
  map.unreachableCount = 0;
  dropRunSet(job);
  setAttemptState(job, winner, "lost", reason);
  makePending(context, job, job.maps, map);
  for (const task of job.reduces.running) {
    const reduce = runningAttempt(task);
    if (reduce !== null) withdrawFrom(context, reduce, map.index, winner.ref.attempt);
  }
}

/** A reduce could not fetch a run: the run is given up at once, or after enough reports. */
export function runUnreachable(context: Context, event: RunUnreachable): void {
  const found = reporter(context, event);
  const map = found?.job.maps.tasks[event.mapTaskIndex];
  if (found === null || map === undefined) return;
  const { job, reduce } = found;
  const winner = map.winner;
  if (winner === null || winner.ref.attempt !== event.mapAttempt) {
    // The reporter does not know that this run is gone, or that there is a newer one.
    withdrawFrom(context, reduce, map.index, event.mapAttempt);
    if (winner !== null) announceTo(context, reduce, groupRuns(context.state, [winner]));
    return;
  }
  map.unreachableCount++;
  const enough = Math.min(context.state.config.unreachableReportsMax, job.reduces.running.size);
  if (event.reason === "unreachable" && map.unreachableCount < enough) return;
  map.voidCount++;
  dropHold(context, winner);
  dropOutput(context, job, map, winner, `its run was ${event.reason} for a reduce`);
  if (map.voidCount > job.spec.lossesMax) giveUp(context, job, map, winner, event.reason);
}

/** The reduce attempt that reports, if it is one that runs there now. */
function reporter(context: Context, event: RunUnreachable): { job: Job; reduce: Attempt } | null {
  if (event.ref.stage !== "reduce") return null;
  const found = runningJobTask(context.state, event.ref);
  const reduce = found === null ? null : runningAttempt(found.task);
  if (found === null || reduce === null || presentWorker(context.state, event) === null)
    return null;
  if (reduce.ref.attempt !== event.ref.attempt || reduce.workerId !== event.workerId) return null;
  return reduce.incarnation === event.incarnation ? { job: found.job, reduce } : null;
}

/** A run that never can be fetched must not keep its map running for ever. */
function giveUp(context: Context, job: Job, map: Task, winner: Attempt, reason: string): void {
  const message =
    `map task ${map.index} finished ${map.voidCount} times, and no time could reduces fetch its ` +
    `run; the last one was ${reason} on worker ${winner.workerId}; check that workers reach ` +
    "each other's run address and that their disks are sound";
  endJob(context, job, "failed", {
    failure: infrastructureFailure("MR_RUN_UNREACHABLE", message),
    stage: "map",
    taskIndex: map.index,
    attempt: winner.ref.attempt,
    workerId: winner.workerId,
    attemptCount: map.attempts.length,
  });
}
