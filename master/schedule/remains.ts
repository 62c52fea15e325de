import type { Failure } from "#shared/model/result";
import { splitSizeBytes } from "#shared/model/split";
import type { Attempt, Job, ScheduleConfig, StageTasks, State, Task } from "./state.js";
import { stageOf } from "./tasks.js";

/** Of the message of a failure that is kept; the one that ended the job is kept whole beside it. */
const messageCharsMax = 1_000;

/**
 * Reduces an ended job to what is still asked for: a small one keeps all its attempts, without what
 * only scheduling needed; a large one the tasks that had trouble. Then old jobs give way until all
 * ended jobs together are within their bound.
 */
export function reduceEnded(state: State, job: Job): void {
  const { endedAttemptsMax } = state.config;
  const attemptCount = Object.values(job.attemptCounts).reduce((sum, count) => sum + count, 0);
  const isSmall = attemptCount <= endedAttemptsMax;
  const splits = job.plan?.splits ?? [];
  job.remains = {
    detail: "all",
    attemptCount,
    splitBytes: splits.length <= endedAttemptsMax ? splits.map(splitSizeBytes) : [],
  };
  if (job.plan !== null) job.plan = { ...job.plan, splits: [] };
  if (!isSmall) keepTrouble(state.config, job);
  const keepsParts = countParts(job) <= endedAttemptsMax;
  for (const stage of [job.maps, job.reduces]) {
    for (const task of presentTasks(stage)) slimTask(task, keepsParts);
  }
  boundAll(state);
}

/** The tasks of a stage that have an object, by index; fast where hardly any has one. */
export function presentTasks(stage: StageTasks): Task[] {
  return Object.values(stage.tasks).filter((task) => task !== undefined);
}

function boundAll(state: State): void {
  const { endedAttemptsTotalMax } = state.config;
  let total = 0;
  for (const { remains } of state.jobs.values()) total += remains?.attemptCount ?? 0;
  if (total <= endedAttemptsTotalMax) return;
  const oldestFirst = [...state.jobs.values()]
    .filter((job) => job.remains !== null)
    .toSorted((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0) || a.order - b.order);
  for (const reduce of [keepTrouble, keepNone]) {
    for (const job of oldestFirst) {
      if (total <= endedAttemptsTotalMax) return;
      total -= job.remains?.attemptCount ?? 0;
      reduce(state.config, job);
      total += job.remains?.attemptCount ?? 0;
    }
  }
}

/** Keeps the task that ended the job, then those with failures, then those with losses. */
function keepTrouble({ endedTroubleMax }: ScheduleConfig, job: Job): void {
  if (job.remains === null || job.remains.detail !== "all") return;
  const all = [...presentTasks(job.maps), ...presentTasks(job.reduces)];
  const kept = new Set<Task>();
  let attemptCount = 0;
  for (const isWanted of [isCauseOf(job), hasFailed, hasLost]) {
    for (const task of all) {
      const isKept = isWanted(task) && !kept.has(task);
      // The cause is kept whatever it weighs: its attempts are bounded by the job's limits.
      const fits = attemptCount + task.attempts.length <= endedTroubleMax || kept.size === 0;
      if (!isKept || !fits) continue;
      kept.add(task);
      attemptCount += task.attempts.length;
    }
  }
  for (const stage of [job.maps, job.reduces]) keepTasks(stage, kept);
  job.remains = { detail: "trouble", attemptCount, splitBytes: [] };
}

function keepNone(_config: ScheduleConfig, job: Job): void {
  for (const stage of [job.maps, job.reduces]) stage.tasks.length = 0;
  job.remains = { detail: "none", attemptCount: 0, splitBytes: [] };
}

function keepTasks(stage: StageTasks, kept: ReadonlySet<Task>): void {
  const tasks = presentTasks(stage).filter((task) => kept.has(task));
  stage.tasks.length = 0;
  for (const task of tasks) stage.tasks[task.index] = task;
}

function isCauseOf(job: Job): (task: Task) => boolean {
  const { stage, taskIndex } = job.failure ?? { stage: null, taskIndex: null };
  if (stage === null || taskIndex === null) return () => false;
  const cause = stageOf(job, stage).tasks[taskIndex];
  return (task) => task === cause;
}

function hasFailed(task: Task): boolean {
  return task.attempts.some(({ state }) => state === "failed");
}

function hasLost(task: Task): boolean {
  return task.attempts.some(({ state }) => state === "lost");
}

/** An attempt may have a thousand parts: many are left to the manifest. */
function countParts(job: Job): number {
  let count = 0;
  for (const stage of [job.maps, job.reduces]) {
    for (const { winner } of presentTasks(stage)) count += winner?.result?.parts.length ?? 0;
  }
  return count;
}

function slimTask(task: Task, keepsParts: boolean): void {
  for (const attempt of task.attempts) {
    slimAttempt(attempt, keepsParts && attempt === task.winner);
  }
}

/** Of results only the parts of a winner are asked for; counters are in the sums. */
function slimAttempt(attempt: Attempt, keepsParts: boolean): void {
  const { result, failure } = attempt;
  const isKept = keepsParts && result !== null && result.parts.length > 0;
  attempt.result = isKept ? { ...result, counters: {} } : null;
  attempt.failure = failure === null ? null : slimFailure(failure);
}

function slimFailure(failure: Failure): Failure {
  const message = failure.message.slice(0, messageCharsMax);
  return { ...failure, message, stack: null, place: null, logTail: [] };
}
