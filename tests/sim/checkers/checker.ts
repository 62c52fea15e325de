import type { Command } from "#master/schedule/commands";
import type { Event } from "#master/schedule/events";
import type { State } from "#master/schedule/state";
import type { Ledger } from "../ledger.js";

/** One step of the state machine, as seen from outside. */
export interface Observation {
  readonly event: Event;
  readonly nowMs: number;
  readonly commands: readonly Command[];
}

/** Watches a run and reports what must not be. What it remembers is its own. */
export interface Checker {
  /** Sees each command; the ledger knows the event and the commands before. */
  command?(command: Command, observation: Observation): void;
  /** Sees the state after the step; the ledger knows everything. */
  step?(observation: Observation, state: State): void;
  atEnd?(state: State): void;
}

export type CheckerFactory = (ledger: Ledger, report: (detail: string) => void) => Checker;
