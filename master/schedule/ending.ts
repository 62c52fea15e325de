import type { Context } from "./context.js";
import { dropHolds } from "./holds.js";
import { reduceEnded } from "./remains.js";
import { dropRunSet } from "./run-set.js";
import type { Job, JobFailure, StageTasks, TaskState } from "./state.js";
import { endAttempt, runningAttempt, setTaskState } from "./tasks.js";

/** Brings a job to its final status: nothing of it runs any more, and its traces are cleaned up. */
export function endJob(
  context: Context,
  job: Job,
  status: "succeeded" | "failed" | "cancelled",
  failure: JobFailure | null = null,
): void {
  job.status = status;
  job.endedAtMs = context.nowMs;
  job.failure = failure;
  const reason = status === "cancelled" ? "the job was cancelled" : `the job ${status}`;
  for (const stage of [job.maps, job.reduces]) {
    cancelRunning(context, job, stage, "cancelled", reason);
    settleRest(stage, failure?.stage === stage.stage ? failure.taskIndex : null);
  }
  releaseMemory(context, job);
  reduceEnded(context.state, job);
  if (job.spec.stepRun !== undefined) context.endedRuns.push(job);
  context.commands.push({ type: "clean-job", jobId: job.jobId });
}

/** Ends every running attempt of a stage without blame; the tasks get the given state. */
export function cancelRunning(
  context: Context,
  job: Job,
  stage: StageTasks,
  taskState: TaskState,
  reason: string,
): void {
  for (const task of stage.running) {
    const attempt = runningAttempt(task);
    setTaskState(stage, task, taskState);
    if (attempt === null) continue;
    const { workerId, incarnation, ref } = attempt;
    context.commands.push({ type: "cancel-attempt", workerId, incarnation, ref, reason });
    endAttempt(context, job, attempt, "cancelled", reason);
  }
}

/** The job schedules nothing any more: it leaves the fair share and its runs are not needed. */
export function releaseMemory(context: Context, job: Job): void {
  context.state.active.delete(job);
  dropHolds(context, job);
  job.finishedMaps = [];
  job.announced = 0;
  dropRunSet(job);
}

/**
 * What neither ran nor is done counts as cancelled, except the task that failed the job. Tasks that
 * never ran have no object: the views say of them what the counts say.
 */
function settleRest(stage: StageTasks, failedIndex: number | null): void {
  for (const task of stage.tasks) {
    if (task?.state === "pending" || task?.state === "waiting") {
      setTaskState(stage, task, "cancelled");
    }
  }
  stage.counts.cancelled += stage.counts.pending;
  stage.counts.pending = 0;
  stage.nextFresh = stage.taskCount;
  stage.again.clear();
  const failed = failedIndex === null ? undefined : stage.tasks[failedIndex];
  if (failed !== undefined) setTaskState(stage, failed, "failed");
}
