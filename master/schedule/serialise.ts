import type { Incarnation, JobId, WorkerId } from "#shared/model/ids";
import { isFinal, type JobSpec, type JobStatus } from "#shared/model/job";
import type { AttemptResult, Counters, Failure } from "#shared/model/result";
import type { JobPlan } from "#shared/model/split";
import { fault } from "#shared/errors/fault";
import type { OutputSummary } from "./events.js";
import { presentResult } from "./former-result.js";
import { presentTasks, reduceEnded } from "./remains.js";
import {
  createStage,
  createState,
  createTask,
  noAttempts,
  noCounts,
  type Attempt,
  type AttemptCounts,
  type AttemptState,
  type Chain,
  type Job,
  type JobFailure,
  type Remains,
  type ScheduleConfig,
  type StageTasks,
  type State,
  type Task,
  type TaskCounts,
  type TaskState,
  type Worker,
  type WorkerState,
} from "./state.js";
import { occupy } from "./slots.js";

const formatVersion = 1;

interface SavedAttempt {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly order: number;
  readonly startedAtMs: number;
  readonly state: AttemptState;
  readonly endedAtMs: number | null;
  readonly failure: Failure | null;
  readonly reason: string | null;
  readonly result: AttemptResult | null;
  /** Absent in checkpoints that were written before there were recalls. */
  readonly isRecalled?: boolean;
  readonly announced: number;
}

interface SavedTask {
  readonly index: number;
  readonly state: TaskState;
  readonly attempts: readonly SavedAttempt[];
  /** Numbers of attempts. */
  readonly winner: number | null;
  readonly counted: number | null;
  readonly failureCount: number;
  readonly lossCount: number;
  readonly voidCount: number;
  readonly unreachableCount: number;
  readonly dueAtMs: number | null;
}

interface SavedStage {
  readonly taskCount: number;
  readonly nextFresh: number;
  readonly again: readonly number[];
  readonly tasks: readonly SavedTask[];
  readonly counters: Counters;
  readonly typicalMs?: number | null;
  /** Of an ended job, whose tasks need not all be there. */
  readonly counts?: TaskCounts;
}

export interface SavedJob {
  readonly jobId: JobId;
  readonly spec: JobSpec;
  readonly output: string;
  readonly order: number;
  readonly submittedAtMs: number;
  readonly status: JobStatus;
  readonly plan: JobPlan | null;
  readonly plannedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly failure: JobFailure | null;
  readonly summary: OutputSummary | null;
  readonly maps: SavedStage;
  readonly reduces: SavedStage;
  readonly finishedMaps: readonly number[];
  readonly runSetLength?: number;
  readonly announced: number;
  /** Of an ended job. Absent in checkpoints that were written when these kept everything. */
  readonly remains?: Remains;
  readonly attemptCounts?: AttemptCounts;
  readonly chain?: Chain;
}

interface SavedWorker {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly processId: string;
  readonly slots: number;
  readonly slotMemoryBytes: number;
  readonly runAddress: string;
  readonly version: string;
  readonly state: WorkerState;
  readonly connected: boolean;
  readonly registration: number;
  readonly registeredAtMs: number;
  readonly lostAtMs: number | null;
  readonly lostReason: string | null;
}

/** The state as plain JSON, for a checkpoint. What follows from the rest is left out. */
export interface SavedState {
  readonly formatVersion: number;
  readonly lastIncarnation: Incarnation;
  readonly lastRegistration: number;
  readonly jobCount: number;
  readonly launchCount: number;
  readonly jobs: readonly SavedJob[];
  readonly workers: readonly SavedWorker[];
  readonly free: readonly WorkerId[];
  readonly crowded?: readonly WorkerId[];
}

/** Shares what never changes (specs, plans, results) with the state instead of copying it. */
export function serialise(state: State): SavedState {
  return {
    formatVersion,
    lastIncarnation: state.lastIncarnation,
    lastRegistration: state.lastRegistration,
    jobCount: state.jobCount,
    launchCount: state.launchCount,
    jobs: [...state.jobs.values()].map(saveJob),
    workers: [...state.workers.values()].map(saveWorker),
    free: state.free.toArray(),
    crowded: [...state.crowded].map(({ workerId }) => workerId),
  };
}

/**
 * Builds the state that was saved. The settings are those of now, not of then.
 * @throws MR_JOURNAL_CORRUPT when the checkpoint was written in another form
 */
export function deserialise(saved: SavedState, config: Partial<ScheduleConfig> = {}): State {
  if (saved.formatVersion !== formatVersion) {
    throw fault("MR_JOURNAL_CORRUPT", "checkpoint has another form than this program reads", {
      found: saved.formatVersion,
      expected: formatVersion,
    });
  }
  const state = createState(config);
  state.lastIncarnation = saved.lastIncarnation;
  state.lastRegistration = saved.lastRegistration;
  state.jobCount = saved.jobCount;
  state.launchCount = saved.launchCount;
  const queued = new Set(saved.free);
  for (const each of saved.workers) {
    state.workers.set(each.workerId, {
      ...each,
      queued: queued.has(each.workerId),
      running: new Map(),
      unusual: 0,
      recalledCount: 0,
      holds: new Map(),
    });
  }
  for (const workerId of saved.free) state.free.push(workerId);
  for (const each of saved.jobs) loadJob(state, each);
  for (const job of state.jobs.values()) {
    if (isFinal(job.status) && job.remains === null) reduceEnded(state, job);
  }
  // Whoever is crowded was found again, but their turns are not.
  state.crowded.clear();
  for (const workerId of saved.crowded ?? []) {
    const worker = state.workers.get(workerId);
    if (worker !== undefined) state.crowded.add(worker);
  }
  return state;
}

function saveWorker(worker: Worker): SavedWorker {
  const { queued: _queued, running: _running, holds: _holds, ...rest } = worker;
  const { unusual: _unusual, recalledCount: _recalledCount, ...saved } = rest;
  return saved;
}

function saveJob(job: Job): SavedJob {
  const { attemptCounts, remains, runSet: _runSet, chain, ...rest } = job;
  const saved = {
    ...rest,
    ...(chain === null ? {} : { chain: copyChain(chain) }),
    finishedMaps: [...job.finishedMaps],
    maps: saveStage(job.maps),
    reduces: saveStage(job.reduces),
  };
  if (remains === null) return saved;
  return {
    ...saved,
    remains,
    attemptCounts: { ...attemptCounts },
    maps: { ...saved.maps, counts: { ...job.maps.counts } },
    reduces: { ...saved.reduces, counts: { ...job.reduces.counts } },
  };
}

function copyChain(chain: Chain): Chain {
  const { maps, reduces, attempts, counters } = chain.totals;
  const totals = {
    maps: { ...maps },
    reduces: { ...reduces },
    attempts: { ...attempts },
    counters: { ...counters },
  };
  return { ...chain, children: [...chain.children], totals };
}

function saveStage(stage: StageTasks): SavedStage {
  return {
    taskCount: stage.taskCount,
    nextFresh: stage.nextFresh,
    again: stage.again.toArray(),
    tasks: presentTasks(stage).map(saveTask),
    counters: { ...stage.counters },
    typicalMs: stage.typicalMs,
  };
}

function saveTask(task: Task): SavedTask {
  return {
    ...task,
    attempts: task.attempts.map(({ ref: _ref, ...attempt }) => attempt),
    winner: task.winner?.ref.attempt ?? null,
    counted: task.counted?.ref.attempt ?? null,
  };
}

function loadJob(state: State, saved: SavedJob): void {
  const job: Job = {
    ...saved,
    finishedMaps: [...saved.finishedMaps],
    maps: createStage("map"),
    reduces: createStage("reduce"),
    attemptCounts: noAttempts(),
    runSet: null,
    runSetLength: saved.runSetLength ?? 0,
    remains: saved.remains ?? null,
    chain: saved.chain === undefined ? null : copyChain(saved.chain),
  };
  loadStage(job, job.maps, saved.maps);
  loadStage(job, job.reduces, saved.reduces);
  if (saved.attemptCounts !== undefined) job.attemptCounts = { ...saved.attemptCounts };
  state.jobs.set(job.jobId, job);
  if (job.status !== "running" || job.chain !== null) return;
  state.active.add(job);
  linkToWorkers(state, job);
}

function loadStage(job: Job, stage: StageTasks, saved: SavedStage): void {
  stage.taskCount = saved.taskCount;
  stage.nextFresh = saved.nextFresh;
  for (const index of saved.again) stage.again.push(index);
  stage.counters = { ...saved.counters };
  stage.typicalMs = saved.typicalMs ?? null;
  stage.counts = noCounts();
  for (const each of saved.tasks) {
    const task = loadTask(job, stage, each);
    stage.tasks[task.index] = task;
    stage.counts[task.state]++;
    if (task.counted !== null) stage.countedCount++;
  }
  const untouched = saved.taskCount - saved.tasks.length;
  stage.counts[job.endedAtMs === null ? "pending" : "cancelled"] += untouched;
  if (saved.counts !== undefined) stage.counts = { ...saved.counts };
  const running = presentTasks(stage).filter((task) => task.state === "running");
  running.sort((a, b) => launchOrder(a) - launchOrder(b));
  for (const task of running) stage.running.add(task);
}

function launchOrder(task: Task): number {
  return task.attempts.at(-1)?.order ?? 0;
}

function loadTask(job: Job, stage: StageTasks, saved: SavedTask): Task {
  const attempts = saved.attempts.map((each, at): Attempt => {
    job.attemptCounts[each.state]++;
    const ref = {
      jobId: job.jobId,
      stage: stage.stage,
      taskIndex: saved.index,
      attempt: at + 1,
    };
    const result = each.result && presentResult(each.result);
    return { ...each, result, isRecalled: each.isRecalled ?? false, ref };
  });
  return {
    ...createTask(saved.index),
    ...saved,
    attempts,
    winner: attempts[(saved.winner ?? 0) - 1] ?? null,
    counted: attempts[(saved.counted ?? 0) - 1] ?? null,
  };
}

/** Running attempts occupy slots; finished maps of a job with reduces lie with their workers. */
function linkToWorkers(state: State, job: Job): void {
  for (const { tasks, stage } of [job.maps, job.reduces]) {
    for (const task of tasks) {
      const attempt = task?.winner ?? task?.attempts.at(-1);
      const worker = attempt && state.workers.get(attempt.workerId);
      if (attempt === undefined || worker?.incarnation !== attempt.incarnation) continue;
      if (attempt.state === "running") occupy(state, worker, attempt);
      if (attempt.state !== "done" || stage !== "map" || job.reduces.taskCount === 0) continue;
      const held = worker.holds.get(job.jobId) ?? new Set();
      held.add(attempt.ref.taskIndex);
      worker.holds.set(job.jobId, held);
    }
  }
}
