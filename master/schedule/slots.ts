import type { WorkerId } from "#shared/model/ids";
import type { Attempt, State, Worker } from "./state.js";

/** Whether an attempt may be launched there. */
export function hasFreeSlot(worker: Worker): boolean {
  return worker.state === "active" && worker.connected && worker.running.size < worker.slots;
}

/** Puts a worker with a free slot into the queue, where it stands at most once. */
export function offerSlot(state: State, worker: Worker): void {
  if (worker.queued || !hasFreeSlot(worker)) return;
  worker.queued = true;
  state.free.push(worker.workerId);
}

/** Notes an attempt among those that a worker has. */
export function occupy(state: State, worker: Worker, attempt: Attempt): void {
  worker.running.set(attempt.order, attempt);
  if (!isUsual(attempt)) worker.unusual++;
  if (attempt.isRecalled) worker.recalledCount++;
  noteCrowd(state, worker);
}

/** An attempt has ended: its slot is free, or the next one that waits there begins. */
export function vacate(state: State, worker: Worker, attempt: Attempt): void {
  if (!worker.running.delete(attempt.order)) return;
  if (!isUsual(attempt)) worker.unusual--;
  if (attempt.isRecalled) worker.recalledCount--;
  noteCrowd(state, worker);
  offerSlot(state, worker);
}

/** Whether an attempt may wait behind others, and others behind it. */
export function isUsual({ ref }: Attempt): boolean {
  return ref.stage === "map" && ref.attempt === 1;
}

/** Keeps the set of workers from which attempts could be recalled. */
export function noteCrowd(state: State, worker: Worker): void {
  const isCrowded = worker.running.size - worker.recalledCount > worker.slots;
  if (isCrowded === state.crowded.has(worker)) return;
  if (isCrowded) state.crowded.add(worker);
  else state.crowded.delete(worker);
}

/** The worker may not have heard of recalls: whatever it still has is its again. */
export function forgetRecalls(state: State, worker: Worker): void {
  for (const attempt of worker.running.values()) attempt.isRecalled = false;
  worker.recalledCount = 0;
  noteCrowd(state, worker);
}

/** Whether any slot is free; drops workers from the queue's head that have none any more. */
export function someSlotIsFree(state: State): boolean {
  const worker = takeFree(state);
  if (worker === null) return false;
  putBack(state, worker);
  return true;
}

/**
 * Takes the next worker with a free slot, which spreads launches in turn over all of them.
 * @param avoid workers that come only when no other has a free slot
 */
export function takeWorker(state: State, avoid: ReadonlySet<WorkerId>): Worker | null {
  const passed: Worker[] = [];
  let taken: Worker | null = null;
  while (passed.length <= avoid.size) {
    const worker = takeFree(state);
    if (worker === null) break;
    if (!avoid.has(worker.workerId)) {
      taken = worker;
      break;
    }
    passed.push(worker);
  }
  taken ??= passed.shift() ?? null;
  for (const worker of passed.toReversed()) putBack(state, worker);
  return taken;
}

function takeFree(state: State): Worker | null {
  for (;;) {
    const workerId = state.free.shift();
    if (workerId === undefined) return null;
    const worker = state.workers.get(workerId);
    if (worker === undefined) continue;
    worker.queued = false;
    if (hasFreeSlot(worker)) return worker;
  }
}

function putBack(state: State, worker: Worker): void {
  worker.queued = true;
  state.free.unshift(worker.workerId);
}
