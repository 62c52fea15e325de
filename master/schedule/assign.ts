import type { WorkerId } from "#shared/model/ids";
import type { Context } from "./context.js";
import { mostRuns } from "./run-set.js";
import { occupy, offerSlot, someSlotIsFree, takeWorker } from "./slots.js";
import type { Attempt, Job, StageTasks, State, Task, Worker } from "./state.js";
import { setTaskState, takePending } from "./tasks.js";

/** Fills free slots: the job with the fewest running attempts comes first, then the next fewest. */
export function assign(context: Context): void {
  while (someSlotIsFree(context.state)) {
    const job = fairestJob(context.state);
    if (job === null) return;
    const stage = launchableStage(job);
    const task = stage === null ? null : takePending(stage);
    if (stage === null || task === null) return;
    const worker = takeWorker(context.state, workersThatFailed(task));
    if (worker === null) return;
    launch(context, job, stage, task, worker);
  }
}

/** Reduces start only when no map is pending, so that a job cannot fill its slots with waiting. */
export function launchableStage(job: Job): StageTasks | null {
  if (job.status !== "running") return null;
  if (job.maps.counts.pending > 0) return job.maps;
  return job.reduces.counts.pending > 0 ? job.reduces : null;
}

export function runningCount(job: Job): number {
  return job.maps.running.size + job.reduces.running.size;
}

export function launch(
  context: Context,
  job: Job,
  stage: StageTasks,
  task: Task,
  worker: Worker,
): void {
  const { state, nowMs, commands } = context;
  const { workerId, incarnation } = worker;
  const ref = {
    jobId: job.jobId,
    stage: stage.stage,
    taskIndex: task.index,
    attempt: task.attempts.length + 1,
  };
  const attempt: Attempt = {
    ref,
    workerId,
    incarnation,
    order: ++state.launchCount,
    startedAtMs: nowMs,
    state: "running",
    endedAtMs: null,
    failure: null,
    reason: null,
    result: null,
    isRecalled: false,
    announced: job.finishedMaps.length,
  };
  task.attempts.push(attempt);
  job.attemptCounts.running++;
  setTaskState(stage, task, "running");
  occupy(state, worker, attempt);
  offerSlot(state, worker);
  if (stage.stage === "map") {
    commands.push({ type: "launch-map", workerId, incarnation, ref });
    return;
  }
  const { runs, length } = mostRuns(state, job);
  attempt.announced = length;
  commands.push({ type: "launch-reduce", workerId, incarnation, ref, runs });
}

/** Workers where the task went wrong before: a retry prefers another one. */
export function workersThatFailed(task: Task): ReadonlySet<WorkerId> {
  const workers = new Set<WorkerId>();
  for (const { state, workerId } of task.attempts) {
    if (state === "failed" || state === "lost") workers.add(workerId);
  }
  return workers;
}

/** The job that gets the next slot; null when none has anything to launch. */
export function fairestJob(state: State): Job | null {
  let fairest: Job | null = null;
  for (const job of state.active) {
    if (launchableStage(job) === null) continue;
    if (fairest === null || isFairer(job, fairest)) fairest = job;
  }
  return fairest;
}

function isFairer(job: Job, other: Job): boolean {
  const difference = runningCount(job) - runningCount(other);
  return difference === 0 ? job.order < other.order : difference < 0;
}
