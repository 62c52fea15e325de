import type { Failure, RecordPlace } from "#shared/model/result";
import { explain, stateFailure } from "./explain.js";
import type { AttemptOrder } from "./orders.js";
import type { ProgressView } from "./progress.js";
import { describeThrown } from "./thrown.js";

/** What an attempt's end means that the thread itself could not report any more. */

const memoryAdvice =
  "raise the slot's memory (--slot-memory, MILLRACE_SLOT_MEMORY) or keep less in memory";

/** The thread is gone without a report: only `process.exit` does that. */
export function exitedVerdict(order: AttemptOrder, exitCode: number, seen: ProgressView): Failure {
  return stateFailure("MR_USER_CODE_EXITED", `user code called process.exit(${exitCode})`, {
    place: lastPlace(order, seen),
  });
}

/** An exception or a rejection that nobody caught, or the end of the JavaScript heap. */
export function crashedVerdict(order: AttemptOrder, error: unknown, seen: ProgressView): Failure {
  const place = lastPlace(order, seen);
  const failure = explain(error, place, [], order.ref.stage);
  if (failure.code !== "MR_MEMORY_EXHAUSTED") return failure;
  const limit = `slotMemoryBytes=${order.slotMemoryBytes}`;
  return stateFailure(
    "MR_MEMORY_EXHAUSTED",
    `${order.ref.stage} failed: the JavaScript heap of the slot is full ${limit}; ${memoryAdvice}`,
    { place, stack: describeThrown(error).stack },
  );
}

/** @param usedBytes what was measured, of the attempt or of the whole process */
export function memoryVerdict(
  order: AttemptOrder,
  usedBytes: number,
  limitBytes: number,
  seen: ProgressView,
): Failure {
  const figures = `usedBytes=${usedBytes} limitBytes=${limitBytes}`;
  return stateFailure(
    "MR_MEMORY_EXHAUSTED",
    `${order.ref.stage} failed: the slot's memory is used up ${figures}; ${memoryAdvice}`,
    { place: lastPlace(order, seen) },
  );
}

export function stuckVerdict(order: AttemptOrder, seen: ProgressView): Failure {
  const place = lastPlace(order, seen);
  const where = place === null ? "" : ` location=${place.location} offset=${place.offset}`;
  const limit = `taskTimeoutMs=${order.spec.taskTimeoutMs}`;
  return stateFailure(
    "MR_USER_CODE_STUCK",
    `${order.ref.stage} failed: no progress within the task time-out ${limit}${where}`,
    { place },
  );
}

/** The thread sent something that is no report: user code reached for the engine's own port. */
export function garbledVerdict(order: AttemptOrder, seen: ProgressView): Failure {
  return stateFailure(
    "MR_USER_CODE_FAILED",
    `${order.ref.stage} failed: the thread sent what is not a report; user code must not use ` +
      "parentPort",
    { place: lastPlace(order, seen) },
  );
}

function lastPlace(order: AttemptOrder, seen: ProgressView): RecordPlace | null {
  if (seen.placeRange < 1) return null;
  const offset = seen.placeOffset;
  if (order.work.stage === "reduce") {
    return { location: `partition ${order.ref.taskIndex}`, offset, preview: "" };
  }
  const range = order.work.split.ranges[seen.placeRange - 1];
  return range === undefined ? null : { location: range.location, offset, preview: "" };
}
