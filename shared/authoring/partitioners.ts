import type { JobKey } from "./values.js";

/** Partition `i` takes the keys from boundary `i-1` (inclusive) to boundary `i` (exclusive). */
export interface RangePartitioner<Key, Params> {
  readonly kind: "range";
  readonly boundaries: (params: Params) => readonly Key[];
}

/**
 * Ranges of keys instead of hashes, so that the parts read one after another are in key order.
 * @param boundaries ascending, one fewer than there are partitions
 */
export function byRange<Key extends JobKey, Params>(
  boundaries: readonly Key[] | ((params: Params) => readonly Key[]),
): RangePartitioner<Key, Params> {
  return {
    kind: "range",
    boundaries: typeof boundaries === "function" ? boundaries : () => boundaries,
  };
}
