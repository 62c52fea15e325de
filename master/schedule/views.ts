import type { AttemptRef, Incarnation, JobId, Stage, TaskRef, WorkerId } from "#shared/model/ids";
import type { JobSpec, JobStatus } from "#shared/model/job";
import { type Counters, type Failure, type Part } from "#shared/model/result";
import { outputPaths } from "#shared/model/keys";
import { splitSizeBytes, type JobPlan } from "#shared/model/split";
import { runningCount } from "./assign.js";
import { attemptsOf, countersOf, countsOf, presentRun } from "./chain-views.js";
import type { OutputSummary } from "./events.js";
import { presentTasks } from "./remains.js";
import type {
  Attempt,
  AttemptCounts,
  AttemptState,
  Job,
  JobFailure,
  Remains,
  StageTasks,
  State,
  Task,
  TaskCounts,
  TaskState,
  Worker,
  WorkerState,
} from "./state.js";
import { stageOf } from "./tasks.js";

export interface StageView {
  readonly taskCount: number;
  readonly counts: Readonly<TaskCounts>;
}

export interface JobView {
  readonly jobId: JobId;
  readonly spec: JobSpec;
  /** Location of the output folder. */
  readonly output: string;
  readonly status: JobStatus;
  /** Without its splits once the job ended. */
  readonly plan: JobPlan | null;
  readonly submittedAtMs: number;
  readonly plannedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly map: StageView;
  readonly reduce: StageView;
  readonly attemptCounts: Readonly<AttemptCounts>;
  readonly failure: JobFailure | null;
  readonly summary: OutputSummary | null;
  /** What is left of its tasks once it ended. */
  readonly remains: Remains | null;
  /** Why nothing of it runs although something could; null when something runs. */
  readonly waitingFor: string | null;
  /** Of a chain: the job of its present or last run, which has tasks. Null for other jobs. */
  readonly runId: JobId | null;
  /** Runs of a chain that are not kept any more. */
  readonly leftOut: number;
}

export interface TaskView {
  readonly stage: Stage;
  readonly taskIndex: number;
  readonly state: TaskState;
  readonly attemptCount: number;
  readonly failureCount: number;
  readonly lossCount: number;
  /** End of the wait for a retry. */
  readonly dueAtMs: number | null;
  /** Where the winning or the running attempt is. */
  readonly workerId: WorkerId | null;
}

export interface AttemptView {
  readonly ref: AttemptRef;
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly state: AttemptState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly failure: Failure | null;
  /** Why it was lost or cancelled. */
  readonly reason: string | null;
}

export interface WorkerView {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly processId: string;
  readonly state: WorkerState;
  readonly connected: boolean;
  readonly slots: number;
  readonly slotMemoryBytes: number;
  readonly runAddress: string;
  readonly version: string;
  readonly registeredAtMs: number;
  readonly lostAtMs: number | null;
  readonly lostReason: string | null;
  readonly running: readonly AttemptRef[];
}

/** All jobs, in the order of submission. */
export function* listJobs(state: State): Iterable<JobView> {
  for (const job of state.jobs.values()) yield viewOfJob(state, job);
}

export function findJob(state: State, jobId: JobId): JobView | null {
  const job = state.jobs.get(jobId);
  return job === undefined ? null : viewOfJob(state, job);
}

/** Sums over winning attempts of both stages; of a chain over all its runs. */
export function jobCounters(state: State, jobId: JobId): Counters {
  const job = state.jobs.get(jobId);
  return job === undefined ? {} : countersOf(state, job);
}

/**
 * Up to `limit` tasks of a stage, from an index on; empty for a job that is not known. Of an ended job
 * that does not keep all its tasks they are those that it keeps.
 */
export function listTasks(
  state: State,
  jobId: JobId,
  stage: Stage,
  from: number,
  limit: number,
): TaskView[] {
  const job = state.jobs.get(jobId);
  if (job === undefined) return [];
  const tasks = stageOf(job, stage);
  if (job.remains !== null && job.remains.detail !== "all") {
    const kept = presentTasks(tasks).filter(({ index }) => index >= from);
    return kept.slice(0, limit).map(({ index }) => viewOfTask(job, tasks, index));
  }
  const views: TaskView[] = [];
  for (let index = from; index < Math.min(from + limit, tasks.taskCount); index++) {
    views.push(viewOfTask(job, tasks, index));
  }
  return views;
}

/** The history of a task; attempt n is at n-1. */
export function listAttempts(state: State, task: TaskRef): AttemptView[] {
  const job = state.jobs.get(task.jobId);
  const found = job && stageOf(job, task.stage).tasks[task.taskIndex];
  return found?.attempts.map(viewOfAttempt) ?? [];
}

/** Every attempt of a job, by stage, task and number. */
export function* listJobAttempts(state: State, jobId: JobId): Iterable<AttemptView> {
  const job = state.jobs.get(jobId);
  if (job === undefined) return;
  for (const stage of [job.maps, job.reduces]) {
    for (const { attempts } of presentTasks(stage)) yield* attempts.map(viewOfAttempt);
  }
}

/** How much map task i reads; null when there is no such task, or its split is not kept. */
export function splitBytesOf(state: State, { jobId, taskIndex }: TaskRef): number | null {
  const job = state.jobs.get(jobId);
  const split = job?.plan?.splits[taskIndex];
  if (split !== undefined) return splitSizeBytes(split);
  return job?.remains?.splitBytes[taskIndex] ?? null;
}

/** A part with the name that a commit gives it: `part-00003`, `errors/part-00003.gz`. */
export interface NamedPart extends Part {
  readonly name: string;
}

/**
 * Parts of the winning attempts: what a commit makes the output. Those of the main output come first,
 * then folder by folder, each in the order of tasks. Of an ended job that does not keep all its tasks
 * some are missing.
 */
export function winningParts(state: State, jobId: JobId): NamedPart[] {
  const job = state.jobs.get(jobId);
  if (job === undefined) return [];
  const last = job.plan?.partitionCount === 0 ? job.maps : job.reduces;
  const main: NamedPart[] = [];
  const byFolder = new Map<string, NamedPart[]>();
  for (const { index, winner } of presentTasks(last)) {
    for (const part of winner?.result?.parts ?? []) {
      const { folder, extension } = part;
      const named = { ...part, name: outputPaths.part(index, folder, extension) };
      if (folder === undefined) main.push(named);
      else if (byFolder.get(folder)?.push(named) === undefined) byFolder.set(folder, [named]);
    }
  }
  const folders = [...byFolder.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...main, ...folders.flatMap(([, parts]) => parts)];
}

/** All workers, lost ones too, in the order of their names' first registration. */
export function* listWorkers(state: State): Iterable<WorkerView> {
  for (const worker of state.workers.values()) yield viewOfWorker(worker);
}

export function findWorker(state: State, workerId: WorkerId): WorkerView | null {
  const worker = state.workers.get(workerId);
  return worker === undefined ? null : viewOfWorker(worker);
}

/** Slots of workers that are not lost. */
export function countSlots(state: State): { total: number; used: number } {
  let total = 0;
  let used = 0;
  for (const worker of state.workers.values()) {
    if (worker.state === "lost") continue;
    total += worker.slots;
    used += Math.min(worker.slots, worker.running.size);
  }
  return { total, used };
}

function viewOfJob(state: State, job: Job): JobView {
  const { jobId, spec, output, status, plan, submittedAtMs, plannedAtMs, endedAtMs } = job;
  return {
    jobId,
    spec,
    output,
    status,
    plan,
    submittedAtMs,
    plannedAtMs,
    endedAtMs,
    map: countsOf(state, job, "maps"),
    reduce: countsOf(state, job, "reduces"),
    attemptCounts: attemptsOf(state, job),
    failure: job.failure,
    summary: job.summary,
    remains: job.remains,
    waitingFor: waitingFor(state, presentRun(state, job)),
    runId: job.chain === null ? null : presentRun(state, job).jobId,
    leftOut: job.chain?.leftOut ?? 0,
  };
}

function waitingFor(state: State, job: Job): string | null {
  if (job.status !== "running" || runningCount(job) > 0) return null;
  if (job.maps.counts.pending === 0 && job.maps.counts.waiting > 0) return "the wait for a retry";
  let lives = false;
  for (const worker of state.workers.values()) {
    if (worker.state !== "active") continue;
    if (worker.connected) return "a free slot";
    lives = true;
  }
  return lives ? "workers that are not connected to come back" : "a worker: none is registered";
}

function viewOfTask(job: Job, stage: StageTasks, taskIndex: number): TaskView {
  const task: Task | undefined = stage.tasks[taskIndex];
  if (task === undefined) {
    // It never ran. Once the job ended, it never will.
    return {
      stage: stage.stage,
      taskIndex,
      state: job.endedAtMs === null ? "pending" : "cancelled",
      attemptCount: 0,
      failureCount: 0,
      lossCount: 0,
      dueAtMs: null,
      workerId: null,
    };
  }
  const last = task.attempts.at(-1);
  const present = task.winner ?? (last?.state === "running" ? last : null);
  return {
    stage: stage.stage,
    taskIndex,
    state: task.state,
    attemptCount: task.attempts.length,
    failureCount: task.failureCount,
    lossCount: task.lossCount,
    dueAtMs: task.state === "waiting" ? task.dueAtMs : null,
    workerId: present?.workerId ?? null,
  };
}

function viewOfAttempt(attempt: Attempt): AttemptView {
  const { ref, workerId, incarnation, state, startedAtMs, endedAtMs, failure, reason } = attempt;
  return { ref, workerId, incarnation, state, startedAtMs, endedAtMs, failure, reason };
}

function viewOfWorker(worker: Worker): WorkerView {
  return {
    workerId: worker.workerId,
    incarnation: worker.incarnation,
    processId: worker.processId,
    state: worker.state,
    connected: worker.connected,
    slots: worker.slots,
    slotMemoryBytes: worker.slotMemoryBytes,
    runAddress: worker.runAddress,
    version: worker.version,
    registeredAtMs: worker.registeredAtMs,
    lostAtMs: worker.lostAtMs,
    lostReason: worker.lostReason,
    running: [...worker.running.values()].map((attempt) => attempt.ref),
  };
}
