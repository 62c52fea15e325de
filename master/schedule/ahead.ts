import { limits } from "#shared/model/limits";
import { fairestJob, launch, launchableStage } from "./assign.js";
import type { Context } from "./context.js";
import { noteCrowd } from "./slots.js";
import type { Job, State, Worker } from "./state.js";
import { takePending } from "./tasks.js";

/**
 * So much work may wait at a slot. It covers the way of a report to the journal and of the next
 * launch back, and is the longest that a task usually waits behind another.
 */
const aheadMs = 50;

/** Attempts of tasks that turn out so long are recalled; far from the above, so that it stays rare. */
const longMs = 4 * aheadMs;

/**
 * Gives short tasks to workers before a slot is free, so that a slot does not idle while its report
 * is journalled and the next launch is on its way. Only first attempts of maps wait, and only behind
 * such: a reduce may wait for the very map, and a task that lost its worker before may do it again.
 */
export function bindAhead(context: Context): void {
  const { state } = context;
  for (const worker of context.touched) {
    if (worker.state !== "active" || !worker.connected || worker.unusual > 0) continue;
    for (;;) {
      if (worker.running.size >= worker.slots * (1 + aheadPerSlot(state))) break;
      const job = fairestJob(state);
      const task = job === null ? null : takePending(job.maps);
      if (job === null || task === null) break;
      launch(context, job, job.maps, task, worker);
    }
  }
}

/**
 * Takes attempts back that wait at one worker: when they are not to be bound ahead any more, and
 * when a slot is free elsewhere that has nothing to do. The worker decides: what has begun goes on.
 */
export function recall(context: Context): void {
  const { state } = context;
  for (const worker of context.touched) {
    if (worker.running.size > worker.slots) {
      const mayStay = worker.state === "active" && !someoneWaits(state);
      if (!mayStay) while (recallFrom(context, worker));
    } else if (worker.state === "active" && worker.connected) {
      for (let free = worker.slots - worker.running.size; free > 0; free--) {
        if (!recallOne(context)) return;
      }
    }
  }
}

/** Attempts that may wait for each slot: none as soon as any job wants slots for other than that. */
function aheadPerSlot(state: State): number {
  let count: number = limits.attemptsAheadMax;
  for (const job of state.active) {
    const stage = launchableStage(job);
    if (stage === null) continue;
    if (!canWait(job)) return 0;
    count = Math.min(count, Math.floor(aheadMs / Math.max(1, stage.typicalMs ?? aheadMs + 1)));
  }
  return count;
}

/** Whether tasks that may be long wait for slots behind attempts that could wait as well elsewhere. */
function someoneWaits(state: State): boolean {
  for (const job of state.active) {
    if (launchableStage(job) !== job.maps) continue;
    const { typicalMs } = job.maps;
    if (typicalMs === null || typicalMs > longMs) return true;
  }
  return false;
}

function canWait(job: Job): boolean {
  const { maps } = job;
  const isShort = maps.typicalMs !== null && maps.typicalMs <= aheadMs;
  return isShort && maps.counts.pending > 0 && maps.again.length === 0;
}

/** Recalls from one worker after another. @returns false when there is nothing to recall */
function recallOne(context: Context): boolean {
  const { crowded } = context.state;
  for (const worker of crowded) {
    if (!recallFrom(context, worker)) continue;
    if (crowded.delete(worker)) crowded.add(worker);
    return true;
  }
  return false;
}

/** Recalls the attempt that would begin last. */
function recallFrom(context: Context, worker: Worker): boolean {
  const { state, commands } = context;
  if (!worker.connected || !state.crowded.has(worker)) return false;
  const youngestFirst = [...worker.running.values()].toReversed();
  const attempt = youngestFirst.find((each) => !each.isRecalled);
  if (attempt === undefined) return false;
  attempt.isRecalled = true;
  worker.recalledCount++;
  noteCrowd(state, worker);
  const { workerId, incarnation } = worker;
  commands.push({ type: "recall-attempt", workerId, incarnation, ref: attempt.ref });
  return true;
}
