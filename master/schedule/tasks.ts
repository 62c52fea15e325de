import type { TaskRef } from "#shared/model/ids";
import { addCounters, type Counters } from "#shared/model/result";
import type { Context } from "./context.js";
import {
  createTask,
  type Attempt,
  type AttemptState,
  type Job,
  type StageTasks,
  type State,
  type Task,
  type TaskState,
} from "./state.js";
import { vacate } from "./slots.js";

export function stageOf(job: Job, stage: "map" | "reduce"): StageTasks {
  return stage === "map" ? job.maps : job.reduces;
}

/** The task's object; null for an index that the stage does not have. */
export function taskAt(stage: StageTasks, index: number): Task | null {
  if (index >= stage.taskCount) return null;
  return (stage.tasks[index] ??= createTask(index));
}

/** The task of a job that runs; null when the job is gone or ended, or has no such task. */
export function runningJobTask(state: State, ref: TaskRef): { job: Job; task: Task } | null {
  const job = state.jobs.get(ref.jobId);
  if (job === undefined || job.status !== "running") return null;
  const task = stageOf(job, ref.stage).tasks[ref.taskIndex];
  return task === undefined ? null : { job, task };
}

/** The only place where a task changes its state, so that the counts are right. */
export function setTaskState(stage: StageTasks, task: Task, next: TaskState): void {
  stage.counts[task.state]--;
  stage.counts[next]++;
  if (task.state === "running") stage.running.delete(task);
  if (next === "running") stage.running.add(task);
  task.state = next;
}

/** Back into the queue, before tasks that never ran. */
export function makePending(context: Context, job: Job, stage: StageTasks, task: Task): void {
  setTaskState(stage, task, "pending");
  task.dueAtMs = null;
  stage.again.push(task.index);
  if (stage.stage === "map") context.needing.add(job);
}

/** The next pending task: one that ran before, otherwise the first that never did. */
export function takePending(stage: StageTasks): Task | null {
  const again = stage.again.shift();
  if (again !== undefined) return taskAt(stage, again);
  if (stage.nextFresh >= stage.taskCount) return null;
  return taskAt(stage, stage.nextFresh++);
}

/** The only place where an attempt changes its state, so that the counts are right. */
export function setAttemptState(
  job: Job,
  attempt: Attempt,
  next: AttemptState,
  reason: string | null = null,
): void {
  job.attemptCounts[attempt.state]--;
  job.attemptCounts[next]++;
  attempt.state = next;
  attempt.reason = reason;
}

/** Ends a running attempt in whatever way, and frees its slot. */
export function endAttempt(
  context: Context,
  job: Job,
  attempt: Attempt,
  next: Exclude<AttemptState, "running">,
  reason: string | null = null,
): void {
  setAttemptState(job, attempt, next, reason);
  attempt.endedAtMs = context.nowMs;
  const worker = context.state.workers.get(attempt.workerId);
  if (worker === undefined || worker.incarnation !== attempt.incarnation) return;
  vacate(context.state, worker, attempt);
  context.touched.add(worker);
  if (worker.state === "draining") context.emptied.add(worker);
}

/** The attempt that runs now. */
export function runningAttempt(task: Task): Attempt | null {
  const last = task.attempts.at(-1);
  return last?.state === "running" ? last : null;
}

/** Counts the winner's counters instead of those of the winner before. */
export function countWinner(stage: StageTasks, task: Task, winner: Attempt): void {
  if (task.counted === null) stage.countedCount++;
  if (task.counted?.result) {
    const negative: Counters = {};
    for (const [name, amount] of Object.entries(task.counted.result.counters)) {
      negative[name] = -amount;
    }
    addCounters(stage.counters, negative);
  }
  if (winner.result) addCounters(stage.counters, winner.result.counters);
  task.counted = winner;
}

/** Sums the counters afresh: amounts that were added and taken back leave rounding behind. */
export function recount(stage: StageTasks): void {
  stage.counters = {};
  for (const task of stage.tasks) {
    if (task?.counted?.result) addCounters(stage.counters, task.counted.result.counters);
  }
}

/** How long tasks take: rises fast and falls slowly, as waiting behind one costs more than idling. */
export function noteDuration(stage: StageTasks, durationMs: number): void {
  const { typicalMs } = stage;
  if (typicalMs === null) stage.typicalMs = durationMs;
  else stage.typicalMs = typicalMs + (durationMs - typicalMs) / (durationMs > typicalMs ? 2 : 8);
}
