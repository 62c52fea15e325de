import { z } from "zod";
import { jobNamePattern } from "./ids.js";
import { limits } from "./limits.js";

/** How input bytes become records. */
export const readerSpecSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text") }),
  z.strictObject({ kind: z.literal("jsonl") }),
  z.strictObject({ kind: z.literal("file"), as: z.enum(["text", "bytes"]) }),
  z.strictObject({
    kind: z.literal("fixed"),
    recordBytes: z.int().min(1).max(limits.recordBytesMax),
    keyBytes: z.int().min(0).max(limits.recordBytesMax),
  }),
]);
export type ReaderSpec = z.infer<typeof readerSpecSchema>;

/** How output records become bytes. */
export const writerSpecSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("tsv") }),
  z.strictObject({ kind: z.literal("jsonl") }),
  z.strictObject({ kind: z.literal("raw") }),
]);
export type WriterSpec = z.infer<typeof writerSpecSchema>;

export const paramValueSchema = z.union([z.string(), z.number(), z.boolean()]);
export type ParamValue = z.infer<typeof paramValueSchema>;

/** One declared parameter of a job; the same table checks a submit and types `ctx.params`. */
export const paramSpecSchema = z.strictObject({
  type: z.enum(["string", "number", "boolean"]),
  about: z.string().optional(),
  default: paramValueSchema.optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  choices: z.array(z.string()).optional(),
});
export type ParamSpec = z.infer<typeof paramSpecSchema>;

export const jobNameSchema = z
  .string()
  .regex(
    jobNamePattern,
    "must be 1 to 41 letters, digits, '-' or '_', starting with a letter or digit",
  );

/** What a user submits. Sent as JSON, kept in the journal, immutable. */
export const jobSpecSchema = z.strictObject({
  name: jobNameSchema,
  /** sha256 (hex) of the bundled job file, uploaded before. */
  bundleSha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a sha256 in hex"),
  /** Declared parameters, so that the master can check the values without running user code. */
  paramSpecs: z.record(z.string(), paramSpecSchema).default({}),
  params: z.record(z.string(), paramValueSchema).default({}),
  /** Locations: absolute paths of files or folders, or globs over them. */
  inputs: z.array(z.string().min(1).max(limits.locationCharsMax)).min(1).max(limits.inputsMax),
  /** Location of the output folder, an absolute path; absent: `output/<job id>` in the data folder. */
  output: z.string().min(1).max(limits.locationCharsMax).optional(),
  overwrite: z.boolean().default(false),
  reader: readerSpecSchema,
  writer: writerSpecSchema,
  /** A job without a reducer is map-only: part i is the output of map task i. */
  hasReducer: z.boolean(),
  /** Whether map output is combined; decides how large splits are best. */
  hasCombiner: z.boolean().default(false),
  /** Number of partitions; absent: the planner chooses. */
  partitionCount: z.int().min(1).max(limits.partitionsMax).optional(),
  /** Target size of a split; absent: the planner chooses from input size and slots. */
  splitBytes: z.int().min(1).max(limits.splitBytesMax).optional(),
  /** Failures of one task that fail the job. */
  attemptsMax: z.int().min(1).max(100).default(4),
  /** Times a task's worker may vanish under it before the job fails. */
  lossesMax: z.int().min(1).max(1000).default(8),
  /** A running attempt that shows no progress for so long is ended. */
  taskTimeoutMs: z.int().min(100).max(86_400_000).default(600_000),
});
export type JobSpec = z.infer<typeof jobSpecSchema>;
/** A job as a client writes it: what has a default may be absent. */
export type JobSubmission = z.input<typeof jobSpecSchema>;

export type JobStatus =
  | "planning"
  | "running"
  | "committing"
  | "cancelling"
  | "succeeded"
  | "failed"
  | "cancelled";

/** Whether a job in this status will never change again. */
export function isFinal(status: JobStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}
