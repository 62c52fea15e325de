import { z } from "zod";
import { folderPattern, partExtensionPattern } from "./folders.js";
import { limits } from "./limits.js";

/** Counters of one attempt: framework counters and `user.<name>`; summed over winning attempts. */
export const countersSchema = z.record(z.string(), z.number());
export type Counters = z.infer<typeof countersSchema>;

/** Adds every counter of `from` to `into`. */
export function addCounters(into: Counters, from: Counters): void {
  for (const [name, amount] of Object.entries(from)) into[name] = (into[name] ?? 0) + amount;
}

/** A part as an attempt wrote it, still under its attempt-private name. */
export const partSchema = z.strictObject({
  /** Location of the attempt-private object, fsynced. */
  location: z.string(),
  /** Folder below the output, of a named output or of a partition; absent: the output itself. */
  folder: z.string().max(limits.folderCharsMax).regex(folderPattern).optional(),
  /** What the name of the part ends in, `.gz` for instance; absent: nothing. */
  extension: z.string().regex(partExtensionPattern).optional(),
  records: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Part = z.infer<typeof partSchema>;

/** What a finished attempt reports. A map attempt holds a run file, or parts if the job is map-only. */
export const attemptResultSchema = z.strictObject({
  counters: countersSchema,
  /** Whether the attempt left a run file with its holder. */
  hasRun: z.boolean(),
  /** The one of the main output first, if it is not spread over folders; then those of folders, by name. */
  parts: z.array(partSchema).max(limits.attemptPartsMax),
  durationMs: z.number().min(0),
});
export type AttemptResult = z.infer<typeof attemptResultSchema>;

/** Where user code was when it failed. */
export const recordPlaceSchema = z.strictObject({
  location: z.string(),
  /** Byte offset of the record in the (decompressed) object, or the group's number in a reduce. */
  offset: z.number(),
  /** The record or key as text, shortened. */
  preview: z.string(),
});
export type RecordPlace = z.infer<typeof recordPlaceSchema>;

/** Why an attempt ended without a result. */
export const failureSchema = z.strictObject({
  /** A code of `shared/errors/codes`. */
  code: z.string(),
  message: z.string(),
  /** `user`: counts against `attemptsMax`; `infrastructure`: re-run without blame, but bounded. */
  blame: z.enum(["user", "infrastructure"]),
  /** `file:line:column` of the innermost frame in the user's own code. */
  userFrame: z.string().nullable().default(null),
  stack: z.string().nullable().default(null),
  place: recordPlaceSchema.nullable().default(null),
  /** Last lines that the attempt printed, oldest first. */
  logTail: z.array(z.string()).default([]),
  /** Retrying cannot help (bad input, bad job): fail the job at once. */
  permanent: z.boolean().default(false),
});
export type Failure = z.infer<typeof failureSchema>;

/** Runs that a reduce attempt can fetch, grouped by holder. */
export const runSetSchema = z.array(
  z.strictObject({
    workerId: z.string(),
    /** Base URL of the holder's run server. */
    address: z.string(),
    /** Pairs, flattened: map task index, attempt, map task index, attempt… */
    maps: z.array(z.int().min(0)),
  }),
);
export type RunSet = z.infer<typeof runSetSchema>;
