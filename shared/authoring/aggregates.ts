import type { JobValue } from "./values.js";

export type AggregateName = "sum" | "count" | "min" | "max" | "mean";

/** A built-in that serves as combiner and as reducer; the engine runs it on bytes. */
export interface Aggregate<Value> {
  readonly kind: "aggregate";
  readonly name: AggregateName;
  /** Only for the type checker; never set. */
  readonly value?: Value;
}

function aggregate<Value>(name: AggregateName): Aggregate<Value> {
  return { kind: "aggregate", name };
}

/** Adds numbers, as doubles. */
export const sum = (): Aggregate<number> => aggregate("sum");
/** Counts values, whatever they are. */
export const count = <Value extends JobValue>(): Aggregate<Value> => aggregate("count");
/** Smallest number; NaN wins over all. */
export const min = (): Aggregate<number> => aggregate("min");
/** Largest number; NaN wins over all. */
export const max = (): Aggregate<number> => aggregate("max");
/** Arithmetic mean of numbers; as a combiner it needs `mean()` as reducer. */
export const mean = (): Aggregate<number> => aggregate("mean");

/** Passes records on as they are, without making JavaScript values of them. */
export interface Identity {
  readonly kind: "identity";
}

/** As mapper (of `fixedLength` records) or as reducer: every record as it is, in key order. */
export const identity = (): Identity => ({ kind: "identity" });
