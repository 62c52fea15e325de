import type { JobKey, JobValue } from "./values.js";

/** What the step before left behind; of the first step's first round, nothing. */
export interface FormerStep {
  /** User counters of the step (or round) before. */
  readonly counters: Readonly<Record<string, number>>;
}

/** A record of the step before, as it was emitted. */
export interface FormerRecord<Key extends JobKey, Value extends JobValue> {
  readonly key: Key;
  readonly value: Value;
}

/**
 * When a repeated step has run often enough: the first round after which the counter is at most
 * `atMost` (a counter that nobody counted is 0). The last round's output is the step's output.
 */
export interface Repeat {
  readonly until: { readonly counter: string; readonly atMost: number };
  /** The job goes on after so many rounds even if the counter never got there; 1 to 10,000. */
  readonly roundsMax: number;
}
