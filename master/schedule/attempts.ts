import type { AttemptRef } from "#shared/model/ids";
import type { AttemptResult, Failure } from "#shared/model/result";
import { presentWorker, type Context } from "./context.js";
import type { Event } from "./events.js";
import { infrastructureFailure } from "./failures.js";
import { finishIfDone } from "./finish.js";
import { presentResult } from "./former-result.js";
import { retryOrFail } from "./retry.js";
import { addRun } from "./runs.js";
import type { Attempt, Job, Task } from "./state.js";
import {
  countWinner,
  endAttempt,
  makePending,
  noteDuration,
  setTaskState,
  stageOf,
} from "./tasks.js";

type Report = Extract<Event, { type: "attempt-done" | "attempt-failed" }>;
type Returned = Extract<Event, { type: "attempt-returned" }>;

export function attemptDone(
  context: Context,
  event: Extract<Event, { type: "attempt-done" }>,
): void {
  const found = takeReport(context, event);
  if (found === null) return;
  const result = presentResult(event.result);
  const problem = impossible(found.job, event.ref, result);
  if (problem === null) acceptResult(context, found, result);
  else acceptFailure(context, found, problem);
}

export function attemptFailed(
  context: Context,
  event: Extract<Event, { type: "attempt-failed" }>,
): void {
  const found = takeReport(context, event);
  if (found !== null) acceptFailure(context, found, event.failure);
}

/** A worker gives an attempt back that it had not begun: the task goes to whoever has a slot. */
export function attemptReturned(context: Context, event: Returned): void {
  const found = findAttempt(context, event);
  if (found?.attempt.state !== "running") return;
  const { job, task, attempt } = found;
  endAttempt(context, job, attempt, "cancelled", "it was taken back before it began");
  makePending(context, job, stageOf(job, attempt.ref.stage), task);
}

interface Found {
  readonly job: Job;
  readonly task: Task;
  readonly attempt: Attempt;
}

/**
 * Answers a report. Only the attempt that runs there, in the worker's present incarnation, is heard;
 * a repeated report that was heard before is answered as then, and everything else is refused.
 * @returns the attempt, when this report is its first and to be acted on
 */
function takeReport(context: Context, event: Report): Found | null {
  const found = findAttempt(context, event);
  const state = found?.attempt.state;
  const isNew = state === "running";
  const wasHeard =
    (state === "done" && event.type === "attempt-done") ||
    (state === "failed" && event.type === "attempt-failed");
  const { workerId, incarnation, ref } = event;
  const accepted = isNew || wasHeard;
  context.commands.push({ type: "answer-report", workerId, incarnation, ref, accepted });
  return isNew ? found : null;
}

/** The attempt that a message speaks of, if it was launched on that worker in that incarnation. */
function findAttempt(context: Context, event: Report | Returned): Found | null {
  if (presentWorker(context.state, event) === null) return null;
  const { ref } = event;
  const job = context.state.jobs.get(ref.jobId);
  if (job === undefined) return null;
  const task = stageOf(job, ref.stage).tasks[ref.taskIndex];
  const attempt = task?.attempts[ref.attempt - 1];
  if (task === undefined || attempt === undefined) return null;
  if (attempt.workerId !== event.workerId || attempt.incarnation !== event.incarnation) return null;
  return { job, task, attempt };
}

function acceptResult(context: Context, found: Found, result: AttemptResult): void {
  const { job, task, attempt } = found;
  const stage = stageOf(job, attempt.ref.stage);
  attempt.result = result;
  task.winner = attempt;
  task.unreachableCount = 0;
  countWinner(stage, task, attempt);
  noteDuration(stage, result.durationMs);
  setTaskState(stage, task, "done");
  endAttempt(context, job, attempt, "done");
  if (stage.stage === "map" && job.reduces.taskCount > 0) addRun(context, job, attempt);
  finishIfDone(context, job);
}

function acceptFailure(context: Context, found: Found, failure: Failure): void {
  const { job, task, attempt } = found;
  attempt.failure = failure;
  endAttempt(context, job, attempt, "failed");
  retryOrFail(context, job, task, attempt, failure);
}

/** A task is done only with its output, and a reduce only when every map had one to give. */
function impossible(job: Job, ref: AttemptRef, result: AttemptResult): Failure | null {
  const holdsRun = ref.stage === "map" && job.reduces.taskCount > 0;
  // A job whose output is spread over folders may leave none.
  const hasOutput = result.hasRun === holdsRun && (!holdsRun || result.parts.length === 0);
  const isEarly = ref.stage === "reduce" && job.maps.countedCount < job.maps.taskCount;
  if (hasOutput && !isEarly) return null;
  const what = isEarly ? "before all maps were" : `${holdsRun ? "without" : "with"} a run`;
  const message = `the worker reported the attempt as done ${what}`;
  return infrastructureFailure("MR_PROTOCOL_VIOLATION", message);
}
