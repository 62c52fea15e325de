import type { Context } from "./context.js";
import type { Attempt, Job } from "./state.js";

/** Whether a reduce of this job may still have to fetch runs. */
export function needsRuns(job: Job): boolean {
  return job.status === "running" && job.reduces.counts.done < job.reduces.taskCount;
}

/** Notes that the run of a finished map lies with its worker. */
export function hold(context: Context, winner: Attempt): void {
  const worker = context.state.workers.get(winner.workerId);
  if (worker === undefined) return;
  const held = worker.holds.get(winner.ref.jobId) ?? new Set();
  held.add(winner.ref.taskIndex);
  worker.holds.set(winner.ref.jobId, held);
}

export function dropHold(context: Context, winner: Attempt): void {
  const worker = context.state.workers.get(winner.workerId);
  const held = worker?.holds.get(winner.ref.jobId);
  if (worker === undefined || held === undefined) return;
  held.delete(winner.ref.taskIndex);
  if (held.size > 0) return;
  worker.holds.delete(winner.ref.jobId);
  if (worker.state === "draining") context.emptied.add(worker);
}

/** Nobody needs the runs of this job any more. */
export function dropHolds(context: Context, job: Job): void {
  for (const worker of context.state.workers.values()) {
    if (worker.holds.delete(job.jobId) && worker.state === "draining") context.emptied.add(worker);
  }
}
