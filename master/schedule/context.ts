import type { Incarnation, WorkerId } from "#shared/model/ids";
import type { Command } from "./commands.js";
import type { Job, State, Worker } from "./state.js";

/** One call of `step`: what it works on and what it hands back. */
export interface Context {
  readonly state: State;
  readonly nowMs: number;
  readonly commands: Command[];
  /** Jobs of which a map became pending again in this step: they may need a slot at once. */
  readonly needing: Set<Job>;
  /** Runs of chains that ended in this step. */
  readonly endedRuns: Job[];
  /** Workers of which an attempt ended in this step, or that came back. */
  readonly touched: Set<Worker>;
  /** Draining workers that lost an attempt or a run in this step: they may have become idle. */
  readonly emptied: Set<Worker>;
}

/**
 * The fence: the worker that sent a message, if it speaks for its present incarnation.
 * @returns null for a worker that is unknown, lost, or registered anew since
 */
export function presentWorker(
  state: State,
  from: { readonly workerId: WorkerId; readonly incarnation: Incarnation },
): Worker | null {
  const worker = state.workers.get(from.workerId);
  if (worker === undefined || worker.state === "lost") return null;
  return worker.incarnation === from.incarnation ? worker : null;
}
