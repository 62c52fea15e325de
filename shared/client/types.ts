import { z } from "zod";
import { jobSpecSchema } from "#shared/model/job";
import { countersSchema, recordPlaceSchema } from "#shared/model/result";
import { splitSchema } from "#shared/model/split";

/**
 * What the REST interface under `/api/v1` answers: the agreement between master and clients. Objects
 * may grow fields; clients ignore those that they do not know. Instants are ISO 8601 in UTC.
 */
export const apiPrefix = "/api/v1";

const instant = z.iso.datetime();
const count = z.int().min(0);

export const jobStatusSchema = z.enum([
  "planning",
  "running",
  "committing",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
]);

export const stageSchema = z.enum(["map", "reduce"]);

export const stageProgressSchema = z.object({
  total: count,
  pending: count,
  running: count,
  done: count,
  /** Share of the stage's work that is done, 0 to 1, running attempts included. */
  fraction: z.number().min(0).max(1),
});
export type StageProgress = z.infer<typeof stageProgressSchema>;

/** Why a job failed: the probable cause in one place. */
export const jobFailureSchema = z.object({
  code: z.string(),
  message: z.string(),
  /** The job that `task` is of: of a job with steps, the one that ran the step. */
  jobId: z.string().default(""),
  /** `map-00003`; null when no task is to blame (planning, commit). */
  task: z.string().nullable(),
  attempt: z.int().min(1).nullable(),
  worker: z.string().nullable(),
  /** `file:line:column` of the innermost frame in the user's own code. */
  userFrame: z.string().nullable(),
  stack: z.string().nullable(),
  place: recordPlaceSchema.nullable(),
  /** Last lines that the attempt printed, oldest first. */
  logTail: z.array(z.string()),
});
export type JobFailure = z.infer<typeof jobFailureSchema>;

/** One run of a step of a job with steps: a job of its own, whose `parent` is this one. */
export const stepViewSchema = z.object({
  /** The step's name; of a job of one step, the job's. */
  name: z.string(),
  /** From 1; larger in a repeated step. */
  round: z.int().min(1),
  /** Whether it only looks at keys, to choose ranges of them for the run that follows. */
  isSample: z.boolean(),
  /** Whether it writes the last round of a repeated last step in the form of the job's output. */
  isCopy: z.boolean(),
  /** Null as long as it has not begun. */
  jobId: z.string().nullable(),
  /** `pending`: it has not begun. In a job that ended it never will. */
  status: z.enum([...jobStatusSchema.options, "pending"]),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  map: stageProgressSchema,
  reduce: stageProgressSchema,
});
export type StepView = z.infer<typeof stepViewSchema>;

/** The spec as submitted, without the hash of the bundle. */
export const jobSpecViewSchema = jobSpecSchema.omit({ bundleSha256: true }).loose();

export const jobViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  status: jobStatusSchema,
  submittedAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  /** Location of the output folder. */
  output: z.string(),
  /** Why nothing runs although something could: `no worker is registered`. */
  waitingFor: z.string().nullable(),
  map: stageProgressSchema,
  reduce: stageProgressSchema,
  attempts: z.object({ running: count, failed: count, lost: count }),
  failure: jobFailureSchema.nullable(),
  /** The job that it is a step of; null for every job that someone submitted. */
  parent: z.string().nullable().default(null),
  /**
   * Of a job with steps, or with keys in total order: the last runs of steps, oldest first, then the
   * steps that have not begun. Empty for other jobs. `map` and `reduce` are those of the run that is
   * under way, and sums over all once the job ended.
   */
  steps: z.array(stepViewSchema).default([]),
  /** Runs of steps that ended so long ago that `steps` does not show them. */
  stepsLeftOut: count.default(0),
  spec: jobSpecViewSchema,
});
export type JobView = z.infer<typeof jobViewSchema>;

export const jobAnswerSchema = z.object({ job: jobViewSchema });

/** `failed` and `cancelled` only once the job ended. */
export const taskStateSchema = z.enum(["pending", "running", "done", "failed", "cancelled"]);

export const taskViewSchema = z.object({
  stage: stageSchema,
  index: count,
  /** `map-00003` */
  name: z.string(),
  state: taskStateSchema,
  fraction: z.number().min(0).max(1),
  /** Attempts made so far, the running one included. */
  attempts: count,
  failures: count,
  losses: count,
  /** When a task that failed is tried again; null when it does not wait. */
  retryAt: instant.nullable(),
  /** Holder of the accepted attempt, or of the running one. */
  worker: z.string().nullable(),
  /** Size of the split of a map task; null for reduce tasks, and in large jobs that ended. */
  inputBytes: count.nullable(),
});
export type TaskView = z.infer<typeof taskViewSchema>;

export const attemptViewSchema = z.object({
  stage: stageSchema,
  index: count,
  attempt: z.int().min(1),
  /** `map-00003.1` */
  name: z.string(),
  state: z.enum(["running", "done", "failed", "lost", "cancelled"]),
  worker: z.string(),
  startedAt: instant,
  endedAt: instant.nullable(),
  fraction: z.number().min(0).max(1),
  /** Why it failed or was lost, in one line. */
  reason: z.string().nullable(),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

/** Sums over winning attempts; those that user code counts are named `user.<name>`. */
export const jobCountersSchema = z.object({ jobId: z.string(), counters: countersSchema });
export type JobCounters = z.infer<typeof jobCountersSchema>;

export const attemptLogSchema = z.object({
  /** `map-00003` */
  task: z.string(),
  attempt: z.int().min(1),
  sizeBytes: count,
});
export type AttemptLog = z.infer<typeof attemptLogSchema>;

export const outputPartSchema = z.object({
  /** File name inside the output folder: `part-00000`. */
  name: z.string(),
  records: count,
  bytes: count,
  sha256: z.string(),
});

export const jobOutputSchema = z.object({
  output: z.string(),
  parts: z.array(outputPartSchema),
  records: count,
  bytes: count,
});
export type JobOutput = z.infer<typeof jobOutputSchema>;

const planFields = {
  splitCount: count,
  /** Number of reduce tasks; 0 for a map-only job. */
  partitionCount: count,
  inputBytes: count,
  fileCount: count,
  /** One sentence each: why so many splits and partitions. */
  reasons: z.array(z.string()),
  /** The first `planSplitsMax` splits. */
  splits: z.array(splitSchema),
};

/** What a step would become, where its input is there already. */
export const stepPlanSchema = z.object({
  name: z.string(),
  /** Whether a sample of the keys is taken before, to choose ranges of them. */
  hasSample: z.boolean(),
  /** Rounds at most; 1 for a step that is not repeated. */
  roundsMax: z.int().min(1),
  /** Null for a step over the output of another one, which does not exist yet. */
  plan: z.object(planFields).nullable(),
  /** Why there is no plan. */
  note: z.string().nullable(),
});
export type StepPlan = z.infer<typeof stepPlanSchema>;

/** A plan without a run: what a submission would become; of a job with steps, what its first step would. */
export const planViewSchema = z.object({
  ...planFields,
  /** Of a job with steps, or with keys in total order: each of them. Empty for other jobs. */
  steps: z.array(stepPlanSchema).default([]),
});
export type PlanView = z.infer<typeof planViewSchema>;
export const planSplitsMax = 100;

export const workerViewSchema = z.object({
  id: z.string(),
  state: z.enum(["ready", "draining", "lost"]),
  incarnation: z.int(),
  slots: count,
  slotsUsed: count,
  slotMemoryBytes: count,
  /** Base URL of the worker's run server. */
  address: z.string(),
  version: z.string(),
  registeredAt: instant,
  lastSeenAt: instant,
  /** Resident memory of the process as last reported; null before the first heartbeat. */
  rssBytes: count.nullable(),
  attempts: z.array(
    z.object({
      jobId: z.string(),
      task: z.string(),
      attempt: z.int().min(1),
      fraction: z.number().min(0).max(1),
    }),
  ),
});
export type WorkerView = z.infer<typeof workerViewSchema>;

export const clusterViewSchema = z.object({
  version: z.string(),
  startedAt: instant,
  /** Registered workers, lost ones not counted. */
  workers: count,
  slots: z.object({ total: count, used: count }),
  /** Number of jobs in each status that occurs. */
  jobs: z.partialRecord(jobStatusSchema, count),
});
export type ClusterView = z.infer<typeof clusterViewSchema>;

/** A page of a list; `nextCursor` goes into `?cursor=` of the next request, null at the end. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable(),
    note: z.string().optional(),
  });
}
export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
  /** What the list does not show, in a sentence: of large jobs that ended not all tasks are kept. */
  readonly note?: string | undefined;
}
/** Bounds of `?limit=` on every list. */
export const pageLimits = { default: 50, max: 1000 } as const;

/** @see RFC 9457; `code` is one of `shared/errors/codes`. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** Of `/health/ready`; not ready comes with status 503 and the reasons. */
export const healthSchema = z.object({
  status: z.enum(["ok", "not-ready"]),
  reasons: z.array(z.string()).optional(),
});
