import { noAttempts, type AttemptCounts, type Job, type State } from "#master/schedule/state";
import type { ClusterGauges } from "#shared/metrics/master-metrics";
import { isFinal } from "#shared/model/job";

/** Numbers over the whole state, summed when somebody looks. */
export class ClusterCounts {
  /** Of jobs that are no longer known, so that totals never fall. */
  readonly #forgotten = noAttempts();

  forget(job: Job): void {
    add(this.#forgotten, job.chain?.totals.attempts ?? job.attemptCounts);
  }

  of(state: State): ClusterGauges {
    const jobs: Record<string, number> = {};
    const attempts = { ...this.#forgotten };
    const tasks = {
      map: { pending: 0, running: 0, done: 0 },
      reduce: { pending: 0, running: 0, done: 0 },
    };
    for (const job of state.jobs.values()) {
      const isRun = job.spec.stepRun !== undefined;
      if (!isRun) jobs[job.status] = (jobs[job.status] ?? 0) + 1;
      // A chain has the sums of its runs that ended: it may not keep them all.
      if (!isRun || !isFinal(job.status)) {
        add(attempts, job.chain?.totals.attempts ?? job.attemptCounts);
      }
      if (isFinal(job.status)) continue;
      for (const { stage, counts } of [job.maps, job.reduces]) {
        tasks[stage].pending += counts.pending + counts.waiting;
        tasks[stage].running += counts.running;
        tasks[stage].done += counts.done;
      }
    }
    const { running, done, failed, lost, cancelled } = attempts;
    return {
      jobs,
      tasks: (["map", "reduce"] as const).flatMap((stage) =>
        (["pending", "running", "done"] as const).map((each) => {
          return { stage, state: each, count: tasks[stage][each] };
        }),
      ),
      attempts: { started: running + done + failed + lost + cancelled, failed, lost },
      ...workersOf(state),
    };
  }
}

function workersOf(state: State): Pick<ClusterGauges, "workers" | "slotsTotal" | "slotsUsed"> {
  const workers = { ready: 0, draining: 0 };
  let slotsTotal = 0;
  let slotsUsed = 0;
  for (const worker of state.workers.values()) {
    if (worker.state === "lost") continue;
    workers[worker.state === "active" ? "ready" : "draining"] += 1;
    slotsTotal += worker.slots;
    slotsUsed += Math.min(worker.slots, worker.running.size);
  }
  return { workers, slotsTotal, slotsUsed };
}

function add(into: AttemptCounts, from: AttemptCounts): void {
  for (const name of Object.keys(into) as (keyof AttemptCounts)[]) into[name] += from[name];
}
