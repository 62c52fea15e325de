import { z } from "zod";

/**
 * A half-open byte range `[startByte, endByte)` of one input object. `fileBytes` and `version` are
 * what the planner saw: an object that changed since is refused instead of being read torn.
 */
export const inputRangeSchema = z.strictObject({
  location: z.string(),
  startByte: z.int().min(0),
  endByte: z.int().min(0),
  fileBytes: z.int().min(0),
  version: z.string(),
});
export type InputRange = z.infer<typeof inputRangeSchema>;

/** What one map task reads: one range of a large object, or many small objects packed together. */
export const splitSchema = z.strictObject({
  ranges: z.array(inputRangeSchema),
  /** Index of the source that it is of; absent: 0. */
  source: z.int().min(0).optional(),
});
export type Split = z.infer<typeof splitSchema>;

export function splitSizeBytes(split: Split): number {
  return split.ranges.reduce((sum, range) => sum + (range.endByte - range.startByte), 0);
}

/** Where the ranges of keys end: partition `i` takes keys from `keys[i-1]` to below `keys[i]`. */
export const boundariesSchema = z.strictObject({
  keyKind: z.enum(["none", "string", "number", "bytes"]),
  keys: z.array(z.string()),
});
export type Boundaries = z.infer<typeof boundariesSchema>;

/** Derived from the spec and the input listing once, journalled, then immutable. */
export interface JobPlan {
  /** Split i is read by map task i. */
  readonly splits: readonly Split[];
  /** Number of reduce tasks; 0 for a map-only job. */
  readonly partitionCount: number;
  /** Between partitions, ascending, encoded keys in base64; only for a step with total order. */
  readonly boundaries?: Boundaries;
  /** Files of each side input, in the order of the spec. */
  readonly sides?: readonly (readonly InputRange[])[];
  readonly inputBytes: number;
  readonly fileCount: number;
  /** One sentence each: why so many splits and partitions. */
  readonly reasons: readonly string[];
}

/** One object that the inputs named, as listed. */
export interface InputFile {
  readonly location: string;
  readonly sizeBytes: number;
  /** Index of the source that named it; absent: 0. */
  readonly source?: number;
  /** Changes whenever the content may have changed (ETag, or modification time). */
  readonly version: string;
}
