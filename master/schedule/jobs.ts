import { isFinal } from "#shared/model/job";
import type { Context } from "./context.js";
import { endJob } from "./ending.js";
import type { Event } from "./events.js";
import { finishIfDone, withoutTask } from "./finish.js";
import { createStage, noAttempts, type Job } from "./state.js";

export function jobSubmitted(
  context: Context,
  event: Extract<Event, { type: "job-submitted" }>,
): void {
  const { state, nowMs } = context;
  const { jobId, spec, output } = event;
  if (state.jobs.has(jobId)) return;
  state.jobs.set(jobId, {
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
  });
  context.commands.push({ type: "plan-job", jobId });
}

export function jobPlanned(context: Context, event: Extract<Event, { type: "job-planned" }>): void {
  const job = planningJob(context, event.jobId);
  if (job === null) return;
  const { plan } = event;
  job.plan = plan;
  job.plannedAtMs = context.nowMs;
  job.status = "running";
  for (const [stage, count] of [
    [job.maps, plan.splits.length],
    [job.reduces, plan.partitionCount],
  ] as const) {
    stage.taskCount = count;
    stage.counts.pending = count;
  }
  context.state.active.add(job);
  // Input without any bytes gives no maps; without reduces either, the empty output is complete.
  finishIfDone(context, job);
}

export function planFailed(context: Context, event: Extract<Event, { type: "plan-failed" }>): void {
  const job = planningJob(context, event.jobId);
  if (job !== null) endJob(context, job, "failed", withoutTask(event.failure));
}

/** Ends a job, except that a commit that began runs to its end, which decides. */
export function cancelRequested(
  context: Context,
  event: Extract<Event, { type: "cancel-requested" }>,
): void {
  const job = context.state.jobs.get(event.jobId);
  if (job === undefined || isFinal(job.status)) return;
  if (job.status === "committing" || job.status === "cancelling") job.status = "cancelling";
  else endJob(context, job, "cancelled");
}

/** Drops an ended job from memory. */
export function jobForgotten(
  context: Context,
  event: Extract<Event, { type: "job-forgotten" }>,
): void {
  const job = context.state.jobs.get(event.jobId);
  if (job !== undefined && isFinal(job.status)) context.state.jobs.delete(job.jobId);
}

/** Commands that a crash of the coordinator may have swallowed are given again. */
export function coordinatorStarted(context: Context): void {
  const { state, commands } = context;
  for (const worker of state.workers.values()) worker.connected = false;
  for (const job of state.jobs.values()) {
    const { jobId, status } = job;
    if (status === "planning") commands.push({ type: "plan-job", jobId });
    else if (status === "running") repeatTimers(context, job);
    else if (isFinal(status)) commands.push({ type: "clean-job", jobId });
    else commands.push({ type: "commit-job", jobId });
  }
}

function repeatTimers(context: Context, job: Job): void {
  for (const { stage, counts, tasks } of [job.maps, job.reduces]) {
    if (counts.waiting === 0) continue;
    for (const task of tasks) {
      if (task?.state !== "waiting" || task.dueAtMs === null) continue;
      const { jobId } = job;
      const { index, dueAtMs } = task;
      context.commands.push({ type: "set-retry-timer", jobId, stage, taskIndex: index, dueAtMs });
    }
  }
}

function planningJob(context: Context, jobId: string): Job | null {
  const job = context.state.jobs.get(jobId);
  return job?.status === "planning" ? job : null;
}
