import { z } from "zod";
import { jobSpecSchema } from "#shared/model/job";
import {
  attemptResultSchema,
  countersSchema,
  failureSchema,
  runSetSchema,
} from "#shared/model/result";
import { boundariesSchema, inputRangeSchema, splitSchema } from "#shared/model/split";

/**
 * Messages between master and workers: one JSON object a WebSocket text frame, told apart by `type`.
 * Bulk data never travels here; runs are fetched over HTTP from their holder.
 */
export const protocolVersion = 1;

const refSchema = z.strictObject({
  jobId: z.string(),
  stage: z.enum(["map", "reduce"]),
  taskIndex: z.int().min(0),
  attempt: z.int().min(1),
});

// ---- worker -> master ----

/** First message on every connection. */
const registerSchema = z.strictObject({
  type: z.literal("register"),
  protocolVersion: z.int(),
  workerId: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/),
  /** Random, new for every worker process; a process that reconnects keeps it. */
  processId: z.string().min(1).max(64),
  /** The incarnation this process had before the connection broke, if any. */
  resume: z.int().nullable(),
  slots: z.int().min(1).max(1024),
  slotMemoryBytes: z.int().min(1),
  /** Base URL of this worker's run server, as other workers reach it. */
  runAddress: z.string(),
  version: z.string(),
  /** Attempts that run, or whose report was not acknowledged yet. */
  attempts: z.array(refSchema),
  /** Jobs that it was told of and not told to forget; absent: it may know any. */
  jobs: z.array(z.string()).optional(),
});

const heartbeatSchema = z.strictObject({
  type: z.literal("heartbeat"),
  rssBytes: z.int().min(0),
  attempts: z.array(
    z.strictObject({
      ref: refSchema,
      /** Share of the attempt's work that is done, 0 to 1. */
      fraction: z.number().min(0).max(1),
      counters: countersSchema,
    }),
  ),
});

/** Repeated after a reconnect until the master answers `report-received`. */
const attemptDoneSchema = z.strictObject({
  type: z.literal("attempt-done"),
  ref: refSchema,
  result: attemptResultSchema,
});

/** Repeated like `attempt-done`. */
const attemptFailedSchema = z.strictObject({
  type: z.literal("attempt-failed"),
  ref: refSchema,
  failure: failureSchema,
});

/** An attempt that the master recalled, had not begun, and is forgotten here. */
const attemptReturnedSchema = z.strictObject({
  type: z.literal("attempt-returned"),
  ref: refSchema,
});

/** A running reduce attempt could not get a run after its own retries. */
const runUnreachableSchema = z.strictObject({
  type: z.literal("run-unreachable"),
  ref: refSchema,
  holderId: z.string(),
  mapTaskIndex: z.int().min(0),
  mapAttempt: z.int().min(1),
  reason: z.enum(["missing", "corrupt", "unreachable"]),
});

/** The worker takes no new attempts, finishes what runs, keeps serving its runs until told to leave. */
const drainingSchema = z.strictObject({ type: z.literal("draining") });

/** The worker leaves now; its runs go with it. */
const leavingSchema = z.strictObject({ type: z.literal("leaving") });

export const workerMessageSchema = z.discriminatedUnion("type", [
  registerSchema,
  heartbeatSchema,
  attemptDoneSchema,
  attemptFailedSchema,
  attemptReturnedSchema,
  runUnreachableSchema,
  drainingSchema,
  leavingSchema,
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;
export type RegisterMessage = z.infer<typeof registerSchema>;

// ---- master -> worker ----

const registeredSchema = z.strictObject({
  type: z.literal("registered"),
  incarnation: z.int(),
  heartbeatMs: z.number(),
  /** Silence after which the master takes the worker for lost, and the worker stops its attempts. */
  leaseMs: z.number(),
});

const rejectedSchema = z.strictObject({
  type: z.literal("rejected"),
  code: z.string(),
  message: z.string(),
});

/** Sent once per job and connection, before the first launch of that job. */
const describeJobSchema = z.strictObject({
  type: z.literal("describe-job"),
  jobId: z.string(),
  spec: jobSpecSchema,
  /** Location of the output folder, resolved. */
  output: z.string(),
  partitionCount: z.int().min(0),
  mapTaskCount: z.int().min(0),
  /** As in the plan. */
  boundaries: boundariesSchema.optional(),
  sides: z.array(z.array(inputRangeSchema)).optional(),
  compression: z.enum(["none", "lz4"]),
});

const launchAttemptSchema = z.strictObject({
  type: z.literal("launch-attempt"),
  ref: refSchema,
  work: z.discriminatedUnion("stage", [
    z.strictObject({ stage: z.literal("map"), split: splitSchema }),
    /** The runs that exist now; the rest follow as `runs-ready` while maps still run. */
    z.strictObject({ stage: z.literal("reduce"), runs: runSetSchema }),
  ]),
});

const cancelAttemptSchema = z.strictObject({
  type: z.literal("cancel-attempt"),
  ref: refSchema,
  reason: z.string(),
});

/** Answered by `attempt-returned` if the attempt waits for a slot; otherwise it goes on. */
const recallAttemptSchema = z.strictObject({
  type: z.literal("recall-attempt"),
  ref: refSchema,
});

const runsReadySchema = z.strictObject({
  type: z.literal("runs-ready"),
  ref: refSchema,
  runs: runSetSchema,
});

/** A run will not come back; a newer attempt of that map will be announced. */
const runLostSchema = z.strictObject({
  type: z.literal("run-lost"),
  ref: refSchema,
  mapTaskIndex: z.int().min(0),
  mapAttempt: z.int().min(1),
});

/** Ends the repetition of `attempt-done` and `attempt-failed`; refused reports are for the log. */
const reportReceivedSchema = z.strictObject({
  type: z.literal("report-received"),
  ref: refSchema,
  accepted: z.boolean(),
});

/** The job ended: drop its runs, bundle threads and scratch files. */
const forgetJobSchema = z.strictObject({ type: z.literal("forget-job"), jobId: z.string() });

/** Answer to `draining`, once no running job needs this worker's runs. */
const leaveSchema = z.strictObject({ type: z.literal("leave") });

export const masterMessageSchema = z.discriminatedUnion("type", [
  registeredSchema,
  rejectedSchema,
  describeJobSchema,
  launchAttemptSchema,
  cancelAttemptSchema,
  recallAttemptSchema,
  runsReadySchema,
  runLostSchema,
  reportReceivedSchema,
  forgetJobSchema,
  leaveSchema,
]);
export type MasterMessage = z.infer<typeof masterMessageSchema>;
export type DescribeJobMessage = z.infer<typeof describeJobSchema>;
export type LaunchAttemptMessage = z.infer<typeof launchAttemptSchema>;
