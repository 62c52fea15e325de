import { attemptName, taskName } from "#shared/model/ids";
import type { Failure } from "#shared/model/result";
import type { Context } from "./context.js";
import { endJob } from "./ending.js";
import type { Event } from "./events.js";
import { infrastructureFailure } from "./failures.js";
import type { Attempt, Job, ScheduleConfig, StageTasks, Task } from "./state.js";
import { makePending, runningJobTask, setTaskState, stageOf } from "./tasks.js";

/** After a failure: the task waits for its retry, or was the end of its job. */
export function retryOrFail(
  context: Context,
  job: Job,
  task: Task,
  attempt: Attempt,
  failure: Failure,
): void {
  const stage = stageOf(job, attempt.ref.stage);
  if (failure.blame === "user") task.failureCount++;
  else task.lossCount++;
  if (failure.permanent || task.failureCount >= job.spec.attemptsMax) {
    failBecause(context, job, task, attempt, failure);
  } else if (task.lossCount > job.spec.lossesMax) {
    failForLosses(context, job, stage, task, attempt);
  } else {
    waitForRetry(context, job, stage, task);
  }
}

/** After a loss: the task runs again at once, unless it lost too many workers. */
export function rerunOrFail(context: Context, job: Job, task: Task, attempt: Attempt): void {
  const stage = stageOf(job, attempt.ref.stage);
  task.lossCount++;
  makePending(context, job, stage, task);
  if (task.lossCount > job.spec.lossesMax) failForLosses(context, job, stage, task, attempt);
}

export function retryDue(context: Context, event: Extract<Event, { type: "retry-due" }>): void {
  const found = runningJobTask(context.state, event);
  if (found?.task.state !== "waiting") return;
  makePending(context, found.job, stageOf(found.job, event.stage), found.task);
}

/**
 * Wait before the next attempt: doubles with each one that went wrong, a fifth more or less so that
 * tasks that failed together do not come back together. The same task always waits the same.
 */
export function retryDelayMs(config: ScheduleConfig, attempt: Attempt, wrongCount: number): number {
  const doubled = config.retryBaseMs * 2 ** Math.min(wrongCount - 1, 30);
  const spread = 0.8 + 0.4 * fractionOf(`${attempt.ref.jobId}/${attemptName(attempt.ref)}`);
  return Math.round(Math.min(doubled * spread, config.retryMaxMs));
}

function waitForRetry(context: Context, job: Job, stage: StageTasks, task: Task): void {
  const last = task.attempts.at(-1);
  if (last === undefined) return;
  const wrongCount = task.failureCount + task.lossCount;
  const dueAtMs = context.nowMs + retryDelayMs(context.state.config, last, wrongCount);
  task.dueAtMs = dueAtMs;
  setTaskState(stage, task, "waiting");
  context.commands.push({
    type: "set-retry-timer",
    jobId: job.jobId,
    stage: stage.stage,
    taskIndex: task.index,
    dueAtMs,
  });
}

function failForLosses(
  context: Context,
  job: Job,
  stage: StageTasks,
  task: Task,
  attempt: Attempt,
): void {
  const name = taskName({ stage: stage.stage, taskIndex: task.index });
  const died = task.attempts.filter((each) => each.state === "lost" && each.result === null);
  const broken = task.attempts.filter((each) => each.failure?.blame === "infrastructure");
  const parts: string[] = [];
  if (died.length > 0) {
    const workers = died.map((each) => each.workerId).join(", ");
    parts.push(`${name} was running on ${died.length} workers when each of them died: ${workers}`);
  }
  if (broken.length > 0) {
    const last = broken.at(-1)?.failure?.message ?? "";
    parts.push(`${name} failed ${broken.length} times for reasons outside its code: ${last}`);
  }
  parts.push(`a task may lose its worker ${job.spec.lossesMax} times; it may be what ends them`);
  const failure = infrastructureFailure("MR_JOB_FAILED", parts.join("; "));
  failBecause(context, job, task, attempt, failure);
}

function failBecause(
  context: Context,
  job: Job,
  task: Task,
  attempt: Attempt,
  failure: Failure,
): void {
  endJob(context, job, "failed", {
    failure,
    stage: attempt.ref.stage,
    taskIndex: task.index,
    attempt: attempt.ref.attempt,
    workerId: attempt.workerId,
    attemptCount: task.attempts.length,
  });
}

/** A number in `[0, 1)` that depends on the text alone. @see FNV-1a, then the murmur3 finaliser */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
