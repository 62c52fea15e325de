import type { ResourceLimits } from "node:worker_threads";

const mib = 1024 * 1024;

/**
 * Share of a slot's memory that its JavaScript heap may take. The engine's buffers lie outside of
 * the heap and are bounded on their own; a job that needs little of one may use more of the other,
 * and the watch over the whole holds both together.
 */
const heapShare = 0.7;

/** Limits of the thread of one slot; what they do not catch (buffers), the watch does. */
export function resourceLimitsOf(slotMemoryBytes: number): ResourceLimits {
  const slotMib = slotMemoryBytes / mib;
  return {
    maxOldGenerationSizeMb: Math.max(16, Math.floor(slotMib * heapShare)),
    // Records die young: room for them saves copies, but comes out of the same slot.
    maxYoungGenerationSizeMb: Math.min(48, Math.max(8, Math.floor(slotMib / 10))),
  };
}
