import type { RunSet } from "#shared/model/result";
import type { Context } from "./context.js";
import { allRuns, runsSince } from "./run-set.js";
import type { Attempt, Job } from "./state.js";
import { runningAttempt } from "./tasks.js";

/** Announcements are gathered until there is one for so many running reduces. */
const reducesPerAnnouncement = 64;

/** And until so many maps run for each that is announced: a reduce cannot end before the last one. */
const mapsPerAnnouncement = 8;

/**
 * Tells each running reduce about the runs that it was not told of yet. With many reduces that is
 * done for several maps at once, so that messages do not grow with maps times reduces.
 */
export function announce(context: Context, job: Job): void {
  const reduces = job.reduces.running;
  if (reduces.size === 0) return;
  const gatheredCount = (job.finishedMaps.length - job.announced) / 2;
  const comingCount = job.maps.running.size;
  const isWorthwhile =
    gatheredCount * reducesPerAnnouncement >= reduces.size &&
    gatheredCount * mapsPerAnnouncement >= comingCount;
  if (comingCount > 0 && !isWorthwhile) return;
  const length = job.finishedMaps.length;
  const runsFrom = new Map<number, RunSet>();
  for (const task of reduces) {
    const attempt = runningAttempt(task);
    if (attempt === null || attempt.announced === length) continue;
    let runs = runsFrom.get(attempt.announced);
    if (runs === undefined) {
      runs = runsSince(context.state, job, attempt.announced);
      runsFrom.set(attempt.announced, runs);
    }
    attempt.announced = length;
    announceTo(context, attempt, runs);
  }
  job.announced = length;
}

/** Tells a reduce everything again: commands may not have reached a worker that was away. */
export function announceAll(context: Context, job: Job, reduce: Attempt): void {
  reduce.announced = job.finishedMaps.length;
  announceTo(context, reduce, allRuns(context.state, job));
}

export function announceTo(context: Context, reduce: Attempt, runs: RunSet): void {
  if (runs.length === 0) return;
  const { workerId, incarnation, ref } = reduce;
  context.commands.push({ type: "announce-runs", workerId, incarnation, ref, runs });
}

/** Tells one reduce that a run will not come back. */
export function withdrawFrom(
  context: Context,
  reduce: Attempt,
  mapTaskIndex: number,
  mapAttempt: number,
): void {
  const { workerId, incarnation, ref } = reduce;
  context.commands.push({
    type: "withdraw-run",
    workerId,
    incarnation,
    ref,
    mapTaskIndex,
    mapAttempt,
  });
}
