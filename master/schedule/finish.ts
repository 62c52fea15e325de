import type { Context } from "./context.js";
import { cancelRunning, endJob, releaseMemory } from "./ending.js";
import type { Event } from "./events.js";
import type { Job, JobFailure, StageTasks } from "./state.js";
import type { Failure } from "#shared/model/result";
import { recount, setAttemptState, setTaskState } from "./tasks.js";

/** The stage that writes the output: reduce, or map where there is no reduce. */
function lastStage(job: Job): StageTasks {
  return job.plan?.partitionCount === 0 ? job.maps : job.reduces;
}

/** Commits the job when every task that writes output is done. */
export function finishIfDone(context: Context, job: Job): void {
  const last = lastStage(job);
  if (job.status !== "running" || last.counts.done < last.taskCount) return;
  settleMaps(context, job);
  recount(job.maps);
  recount(job.reduces);
  job.status = "committing";
  releaseMemory(context, job);
  context.commands.push({ type: "commit-job", jobId: job.jobId });
}

/**
 * Maps whose runs were lost need not run again once the last reduce is done: their output was used,
 * so they are done after all, and counted by the attempt that was used.
 */
function settleMaps(context: Context, job: Job): void {
  const { maps } = job;
  if (maps.counts.done === maps.taskCount) return;
  cancelRunning(context, job, maps, "done", "its output is not needed any more");
  for (const task of maps.tasks) {
    if (task === undefined) continue;
    if (task.state !== "done") setTaskState(maps, task, "done");
    if (task.winner === null && task.counted !== null) {
      task.winner = task.counted;
      setAttemptState(job, task.winner, "done");
    }
    task.dueAtMs = null;
  }
  maps.again.clear();
}

export function commitDone(context: Context, event: Extract<Event, { type: "commit-done" }>): void {
  const job = committingJob(context, event.jobId);
  if (job === null) return;
  job.summary = event.summary;
  endJob(context, job, "succeeded");
}

export function commitFailed(
  context: Context,
  event: Extract<Event, { type: "commit-failed" }>,
): void {
  const job = committingJob(context, event.jobId);
  if (job === null) return;
  if (job.status === "cancelling") endJob(context, job, "cancelled");
  else endJob(context, job, "failed", withoutTask(event.failure));
}

/** A failure of the job itself, not of one of its tasks. */
export function withoutTask(failure: Failure): JobFailure {
  return {
    failure,
    stage: null,
    taskIndex: null,
    attempt: null,
    workerId: null,
    attemptCount: 0,
  };
}

function committingJob(context: Context, jobId: string): Job | null {
  const job = context.state.jobs.get(jobId);
  if (job === undefined) return null;
  return job.status === "committing" || job.status === "cancelling" ? job : null;
}
