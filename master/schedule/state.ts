import type { AttemptRef, Incarnation, JobId, Stage, WorkerId } from "#shared/model/ids";
import type { JobSpec, JobStatus } from "#shared/model/job";
import type { AttemptResult, Counters, Failure, RunSet } from "#shared/model/result";
import type { JobPlan } from "#shared/model/split";
import type { OutputSummary } from "./events.js";
import { Fifo } from "./fifo.js";
import type { Former, Link } from "./links.js";

export interface ScheduleConfig {
  /** Wait before the first retry; doubles with every further one. */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Reports of reduces that cannot reach a run before its map runs again. */
  readonly unreachableReportsMax: number;
  /** Lost workers that are remembered, for people who look for them. */
  readonly lostWorkersMax: number;
  /** An ended job with more attempts keeps only those of tasks that had trouble. */
  readonly endedAttemptsMax: number;
  /** Attempts of tasks that had trouble, where only these are kept. */
  readonly endedTroubleMax: number;
  /** Attempts of all ended jobs together; beyond it the ones that ended first keep less. */
  readonly endedAttemptsTotalMax: number;
  /** Runs of a chain that are kept as jobs, the present one and what it reads among them; at least 4. */
  readonly chainRunsMax: number;
}

const standardConfig: ScheduleConfig = {
  retryBaseMs: 1_000,
  retryMaxMs: 30_000,
  unreachableReportsMax: 3,
  lostWorkersMax: 200,
  endedAttemptsMax: 2_000,
  endedTroubleMax: 1_000,
  endedAttemptsTotalMax: 200_000,
  chainRunsMax: 100,
};

export type AttemptState = "running" | "done" | "failed" | "lost" | "cancelled";

/** One execution of a task. `order` numbers all launches of the cluster, so a larger one is younger. */
export interface Attempt {
  readonly ref: AttemptRef;
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly order: number;
  readonly startedAtMs: number;
  state: AttemptState;
  endedAtMs: number | null;
  failure: Failure | null;
  /** Why it was lost or cancelled. */
  reason: string | null;
  result: AttemptResult | null;
  /** Whether its worker was asked to give it back, as it may not have begun. */
  isRecalled: boolean;
  /** Of a reduce: length of the job's `finishedMaps` that its worker was told. */
  announced: number;
}

/** `waiting`: for its retry. `failed` and `cancelled` only when the job ended. */
export type TaskState = "pending" | "waiting" | "running" | "done" | "failed" | "cancelled";

export interface Task {
  readonly index: number;
  state: TaskState;
  /** Its attempts so far; attempt n is at n-1. */
  attempts: Attempt[];
  /** The attempt whose output is the task's output; null unless the task is done. */
  winner: Attempt | null;
  /** The attempt whose counters are in the sum: the last winner, also while its map runs again. */
  counted: Attempt | null;
  /** Failures in the user's code, against `attemptsMax`. */
  failureCount: number;
  /** Workers that vanished under it and infrastructure failures, against `lossesMax`. */
  lossCount: number;
  /** Outputs of it that could not be fetched, against `lossesMax`. */
  voidCount: number;
  /** Reports that the present output cannot be reached. */
  unreachableCount: number;
  /** When waiting: end of the wait. */
  dueAtMs: number | null;
}

export type TaskCounts = Record<TaskState, number>;
export type AttemptCounts = Record<AttemptState, number>;

/** The tasks of one stage of one job. Tasks that never ran have no object. */
export interface StageTasks {
  readonly stage: Stage;
  taskCount: number;
  /** Tasks from here on were never launched. */
  nextFresh: number;
  /** Indexes of tasks that are pending again, first in first out. */
  readonly again: Fifo<number>;
  readonly tasks: (Task | undefined)[];
  /** In the order of launch. */
  readonly running: Set<Task>;
  counts: TaskCounts;
  /** Tasks that were done at some time, even if they have to run again. */
  countedCount: number;
  /** Sums over winning attempts. */
  counters: Counters;
  /** How long its tasks take, recent ones above all; null before the first is done. */
  typicalMs: number | null;
}

export interface JobFailure {
  readonly failure: Failure;
  /** The task that ended the job; null when planning or committing failed. */
  readonly stage: Stage | null;
  readonly taskIndex: number | null;
  readonly attempt: number | null;
  readonly workerId: WorkerId | null;
  /** Attempts of that task in all. */
  readonly attemptCount: number;
}

/** What is left of the tasks of an ended job; its counts and sums stay as they were. */
export interface Remains {
  /** Whose attempts are kept: of all tasks, of some that had trouble, or of none. */
  readonly detail: "all" | "trouble" | "none";
  readonly attemptCount: number;
  /** Size of the split of each map; empty when there were many. */
  readonly splitBytes: readonly number[];
}

/** Of a job with steps: where it stands. Its runs are jobs of their own, one after another. */
export interface Chain {
  /** The present run, or the last one. */
  link: Link;
  /** The run whose output the present one reads; null for the first one. */
  former: Former | null;
  /** Jobs of the runs that are kept, oldest first; the last one is that of `link`. */
  readonly children: JobId[];
  /** Runs that are not kept any more. */
  leftOut: number;
  /** Sums over the runs that ended, kept or not. */
  readonly totals: {
    readonly maps: TaskCounts;
    readonly reduces: TaskCounts;
    readonly attempts: AttemptCounts;
    readonly counters: Counters;
  };
}

export interface Job {
  readonly jobId: JobId;
  readonly spec: JobSpec;
  readonly output: string;
  /** Numbers all jobs; a smaller one was submitted earlier. */
  readonly order: number;
  readonly submittedAtMs: number;
  status: JobStatus;
  /** Without its splits once the job ended. */
  plan: JobPlan | null;
  plannedAtMs: number | null;
  endedAtMs: number | null;
  failure: JobFailure | null;
  summary: OutputSummary | null;
  readonly maps: StageTasks;
  readonly reduces: StageTasks;
  attemptCounts: AttemptCounts;
  /** Pairs, flattened: map task index and attempt of every finished map, in order of finishing. */
  finishedMaps: number[];
  /** Length of `finishedMaps` at the last announcement. */
  announced: number;
  /** Runs for launches of reduces; built when asked for, dropped when one of them is gone. */
  runSet: RunSet | null;
  /** Length of `finishedMaps` that it has, or had when it is to be built again. */
  runSetLength: number;
  /** Null until the job ended. */
  remains: Remains | null;
  /** Of a job that has no tasks of its own, but runs one job for each of its steps. */
  chain: Chain | null;
}

/** `released`: it drained, and was told to leave. */
export type WorkerState = "active" | "draining" | "released" | "lost";

export interface Worker {
  readonly workerId: WorkerId;
  incarnation: Incarnation;
  processId: string;
  slots: number;
  slotMemoryBytes: number;
  runAddress: string;
  version: string;
  state: WorkerState;
  /** Without a connection nothing is launched there; what runs goes on until the lease ends. */
  connected: boolean;
  /** Grows with every registration in the cluster; a larger one is newer. */
  registration: number;
  registeredAtMs: number;
  lostAtMs: number | null;
  lostReason: string | null;
  /** Whether it stands in the queue of free workers. */
  queued: boolean;
  /** By the attempt's `order`: those in its slots, and short ones that wait for these. */
  readonly running: Map<number, Attempt>;
  /** How many of them nothing may wait behind. */
  unusual: number;
  /** How many of them it was asked to give back. */
  recalledCount: number;
  /** Finished maps whose runs lie there, for jobs that still need them. */
  readonly holds: Map<JobId, Set<number>>;
}

/** All that the coordinator knows. Owned and mutated by `step`; everyone else reads through `views`. */
export interface State {
  readonly config: ScheduleConfig;
  readonly jobs: Map<JobId, Job>;
  /** Jobs in status `running` that have tasks of their own. */
  readonly active: Set<Job>;
  readonly workers: Map<WorkerId, Worker>;
  /** Workers that may have a free slot, next one first. */
  readonly free: Fifo<WorkerId>;
  /** Workers with attempts beyond their slots that were not recalled yet, in turn. */
  readonly crowded: Set<Worker>;
  lastIncarnation: Incarnation;
  lastRegistration: number;
  jobCount: number;
  launchCount: number;
}

export function createState(config: Partial<ScheduleConfig> = {}): State {
  return {
    config: { ...standardConfig, ...config },
    jobs: new Map(),
    active: new Set(),
    workers: new Map(),
    free: new Fifo(),
    crowded: new Set(),
    lastIncarnation: 0,
    lastRegistration: 0,
    jobCount: 0,
    launchCount: 0,
  };
}

/** A job that waits for its plan. */
export function createJob(
  state: State,
  { jobId, spec, output }: Pick<Job, "jobId" | "spec" | "output">,
  nowMs: number,
): Job {
  return {
    jobId,
    spec,
    output,
    order: ++state.jobCount,
    submittedAtMs: nowMs,
    status: "planning",
    plan: null,
    plannedAtMs: null,
    endedAtMs: null,
    failure: null,
    summary: null,
    maps: createStage("map"),
    reduces: createStage("reduce"),
    attemptCounts: noAttempts(),
    finishedMaps: [],
    announced: 0,
    runSet: null,
    runSetLength: 0,
    remains: null,
    chain: null,
  };
}

export function noCounts(): TaskCounts {
  return { pending: 0, waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0 };
}

export function noAttempts(): AttemptCounts {
  return { running: 0, done: 0, failed: 0, lost: 0, cancelled: 0 };
}

export function createStage(stage: Stage): StageTasks {
  return {
    stage,
    taskCount: 0,
    nextFresh: 0,
    again: new Fifo(),
    tasks: [],
    running: new Set(),
    counts: noCounts(),
    countedCount: 0,
    counters: {},
    typicalMs: null,
  };
}

export function createTask(index: number): Task {
  return {
    index,
    state: "pending",
    attempts: [],
    winner: null,
    counted: null,
    failureCount: 0,
    lossCount: 0,
    voidCount: 0,
    unreachableCount: 0,
    dueAtMs: null,
  };
}
