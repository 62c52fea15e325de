import { isFinal } from "#shared/model/job";
import { beginChain, cancelChain, repeatChain } from "./chains.js";
import type { Context } from "./context.js";
import { endJob } from "./ending.js";
import type { Event } from "./events.js";
import { finishIfDone, withoutTask } from "./finish.js";
import { isChain } from "./links.js";
import { createJob, type Job } from "./state.js";

export function jobSubmitted(
  context: Context,
  event: Extract<Event, { type: "job-submitted" }>,
): void {
  const { state, nowMs } = context;
  const { jobId, spec } = event;
  if (state.jobs.has(jobId)) return;
  const job = createJob(state, event, nowMs);
  state.jobs.set(jobId, job);
  if (isChain(spec)) beginChain(context, job);
  else context.commands.push({ type: "plan-job", jobId });
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
  const parent = context.state.jobs.get(job.spec.stepRun?.parentId ?? "");
  if (parent !== undefined) parent.plannedAtMs ??= context.nowMs;
  // Input without any bytes gives no maps; without reduces either, the empty output is complete.
  finishIfDone(context, job);
}

export function planFailed(context: Context, event: Extract<Event, { type: "plan-failed" }>): void {
  const job = planningJob(context, event.jobId);
  if (job !== null) endJob(context, job, "failed", withoutTask(event.failure));
}

/**
 * Ends a job, except that a commit that began runs to its end, which decides. A run of a chain ends
 * with its chain only.
 */
export function cancelRequested(
  context: Context,
  event: Extract<Event, { type: "cancel-requested" }>,
): void {
  const job = context.state.jobs.get(event.jobId);
  if (job === undefined || isFinal(job.status) || job.spec.stepRun !== undefined) return;
  if (job.chain !== null) cancelChain(context, job);
  else if (job.status === "committing" || job.status === "cancelling") job.status = "cancelling";
  else endJob(context, job, "cancelled");
}

/** Drops an ended job from memory, and with a chain its runs. */
export function jobForgotten(
  { state, commands }: Context,
  event: Extract<Event, { type: "job-forgotten" }>,
): void {
  const job = state.jobs.get(event.jobId);
  if (job === undefined || !isFinal(job.status) || job.spec.stepRun !== undefined) return;
  for (const jobId of [job.jobId, ...(job.chain?.children ?? [])]) {
    state.jobs.delete(jobId);
    commands.push({ type: "forget-job", jobId });
  }
}

/** Commands that a crash of the coordinator may have swallowed are given again. */
export function coordinatorStarted(context: Context): void {
  const { state, commands } = context;
  for (const worker of state.workers.values()) worker.connected = false;
  for (const job of state.jobs.values()) {
    const { jobId, status } = job;
    if (job.chain !== null && !isFinal(status)) repeatChain(context, job, job.chain);
    else if (status === "planning") commands.push({ type: "plan-job", jobId });
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
