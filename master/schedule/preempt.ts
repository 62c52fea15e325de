import type { Context } from "./context.js";
import { launch } from "./assign.js";
import type { Attempt, Job, Task, Worker } from "./state.js";
import { endAttempt, makePending, runningAttempt, takePending } from "./tasks.js";

const reason = "preempted: a map task of the job must run again and no slot is free";

/**
 * Gives slots of reduces to maps that became pending again: those reduces wait for these maps, and
 * would wait for ever if they held every slot. The slot goes straight to the map, so that no other
 * job takes it in between. The youngest reduce goes first, as it has the least to lose.
 */
export function preempt(context: Context, job: Job): void {
  if (job.status !== "running" || job.maps.counts.pending === 0) return;
  const youngestFirst = [...job.reduces.running].toReversed();
  for (const task of youngestFirst) {
    if (job.maps.counts.pending === 0) return;
    const attempt = runningAttempt(task);
    const worker = attempt === null ? undefined : context.state.workers.get(attempt.workerId);
    if (attempt === null || worker === undefined) continue;
    if (worker.state === "active" && worker.connected) replace(context, job, task, attempt, worker);
  }
}

function replace(context: Context, job: Job, task: Task, attempt: Attempt, worker: Worker): void {
  const { workerId, incarnation } = worker;
  context.commands.push({
    type: "cancel-attempt",
    workerId,
    incarnation,
    ref: attempt.ref,
    reason,
  });
  endAttempt(context, job, attempt, "cancelled", reason);
  makePending(context, job, job.reduces, task);
  const map = takePending(job.maps);
  if (map !== null) launch(context, job, job.maps, map, worker);
}
