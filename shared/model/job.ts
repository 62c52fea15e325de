import { z } from "zod";
import { jobNamePattern } from "./ids.js";
import { readerSpecSchema, sideAsSchema, writerSpecSchema } from "./formats.js";
import { limits } from "./limits.js";

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

const location = z.string().min(1).max(limits.locationCharsMax);
const name = z.string().regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,62}$/, "must be a name");

/** One input of a step. A step whose inputs have no names has one source, called `input`. */
export const sourceSpecSchema = z.strictObject({
  name,
  /** Locations: absolute paths of files or folders, or globs over them. None for the reader `former`. */
  inputs: z.array(location).max(limits.inputsMax),
  reader: readerSpecSchema,
});
export type SourceSpec = z.infer<typeof sourceSpecSchema>;

/** A small input that every task gets whole. */
export const sideSpecSchema = z.strictObject({
  name,
  as: sideAsSchema,
  /** Locations of files; none for the output of the step before. */
  inputs: z.array(location).max(limits.inputsMax),
  isFormer: z.boolean().optional(),
});
export type SideSpec = z.infer<typeof sideSpecSchema>;

export const repeatSchema = z.strictObject({
  until: z.strictObject({ counter: z.string().min(1), atMost: z.number() }),
  roundsMax: z.int().min(1).max(10_000),
});

/** What can differ from step to step of a job. */
const stepFields = {
  /** Absent: one source, read with `reader` from `inputs`. */
  sources: z.array(sourceSpecSchema).min(1).max(64).optional(),
  sides: z.array(sideSpecSchema).max(64).optional(),
  /** A step without a reducer is map-only: part i is the output of map task i. */
  hasReducer: z.boolean(),
  /** Whether map output is combined; decides how large splits are best. */
  hasCombiner: z.boolean().default(false),
  /** Whether ranges of keys, chosen from a sample, take the place of a partitioner. */
  totalOrder: z.boolean().optional(),
  /** Number of partitions; absent: the planner chooses. */
  partitionCount: z.int().min(1).max(limits.partitionsMax).optional(),
  /** Target size of a split; absent: the planner chooses from input size and slots. */
  splitBytes: z.int().min(1).max(limits.splitBytesMax).optional(),
};

/** One of several steps of a job. */
export const stepSpecSchema = z.strictObject({
  ...stepFields,
  name: jobNameSchema,
  sources: z.array(sourceSpecSchema).min(1).max(64),
  repeat: repeatSchema.optional(),
});
export type StepSpec = z.infer<typeof stepSpecSchema>;

/** Says of a job that the master made it: it runs one step (or round of it) of another job. */
export const stepRunSchema = z.strictObject({
  /** The job that it is a step of. */
  parentId: z.string(),
  /** Index of the step's definition in the bundle. */
  stepIndex: z.int().min(0),
  /** From 1; larger in a repeated step. */
  round: z.int().min(1),
  /** User counters of the step or round before. */
  formerCounters: z.record(z.string(), z.number()),
  /** It only looks at keys: each task emits at most so many of them, spread over its split. */
  sampleKeysMax: z.int().min(1).optional(),
  /** It runs none of the user's code: it writes the step's records in the form of the job's output. */
  copies: z.literal(true).optional(),
});
export type StepRun = z.infer<typeof stepRunSchema>;

/** What a user submits. Sent as JSON, kept in the journal, immutable. */
export const jobSpecSchema = z.strictObject({
  ...stepFields,
  name: jobNameSchema,
  /** sha256 (hex) of the bundled job file, uploaded before. */
  bundleSha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a sha256 in hex"),
  /** Declared parameters, so that the master can check the values without running user code. */
  paramSpecs: z.record(z.string(), paramSpecSchema).default({}),
  params: z.record(z.string(), paramValueSchema).default({}),
  /** Locations: absolute paths of files or folders, or globs over them. */
  inputs: z.array(location).max(limits.inputsMax),
  /** Location of the output folder, an absolute path; absent: `output/<job id>` in the data folder. */
  output: location.optional(),
  overwrite: z.boolean().default(false),
  /** Of the one source, where `sources` is absent. */
  reader: readerSpecSchema,
  writer: writerSpecSchema,
  /** Further outputs by name: a folder each. */
  outputs: z.record(name, writerSpecSchema).optional(),
  /** Steps to run one after another; the fields of a single step above are then those of none. */
  steps: z.array(stepSpecSchema).min(1).max(100).optional(),
  /** Set by the master alone. */
  stepRun: stepRunSchema.optional(),
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
