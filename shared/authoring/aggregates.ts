import type { JobValue } from "./values.js";

/** Aggregates of numbers that a fixed number of doubles can hold. */
export type NumberAggregateName = "sum" | "count" | "min" | "max" | "mean";

/**
 * A built-in that serves as combiner and as reducer; the engine runs it on bytes. `Value` is what is
 * emitted, not the result.
 */
export interface Aggregate<Value> {
  readonly kind: "aggregate";
  readonly spec: AggregateSpec;
  /** Only for the type checker; never set. */
  readonly takes?: (value: Value) => void;
}

/** An aggregate that can be part of `all`. */
export interface NumberAggregate<Value> extends Aggregate<Value> {
  readonly spec: { readonly name: NumberAggregateName };
}

export type AggregateSpec =
  | { readonly name: NumberAggregateName }
  | { readonly name: "all"; readonly parts: readonly NumberAggregateName[] }
  | { readonly name: "distinct" }
  | { readonly name: "topK"; readonly limit: number }
  | { readonly name: "first" }
  | { readonly name: "collect"; readonly limit: number }
  | { readonly name: "histogram"; readonly bounds: readonly number[] };

export type AggregateName = AggregateSpec["name"];

function ofNumbers<Value>(name: NumberAggregateName): NumberAggregate<Value> {
  return { kind: "aggregate", spec: { name } };
}

function aggregate<Value>(spec: AggregateSpec): Aggregate<Value> {
  return { kind: "aggregate", spec };
}

/** Adds numbers, as doubles. */
export const sum = (): NumberAggregate<number> => ofNumbers("sum");
/** Counts values, whatever they are. */
export const count = (): NumberAggregate<JobValue> => ofNumbers("count");
/** Smallest number; NaN wins over all. */
export const min = (): NumberAggregate<number> => ofNumbers("min");
/** Largest number; NaN wins over all. */
export const max = (): NumberAggregate<number> => ofNumbers("max");
/** Arithmetic mean of numbers; as a combiner it needs `mean()` as reducer. */
export const mean = (): NumberAggregate<number> => ofNumbers("mean");

/** Several aggregates of the same numbers at once; the result is an array: `all(count(), sum())` gives `[2, 12.5]`. */
export const all = (...parts: readonly NumberAggregate<number>[]): Aggregate<number> =>
  aggregate({ name: "all", parts: parts.map(({ spec }) => spec.name) });

/** How many different values a key has, exactly; they need no memory. As combiner it needs itself as reducer. */
export const distinct = (): Aggregate<JobValue> => aggregate({ name: "distinct" });

/** The `limit` largest values, largest first, in the order of `sortValues`; 1 to 100,000. */
export const topK = (limit: number): Aggregate<JobValue> => aggregate({ name: "topK", limit });

/** The first value, in the order of map task and emission. */
export const first = (): Aggregate<JobValue> => aggregate({ name: "first" });

/** All values as an array, in the order of map task and emission, at most `limit` of them (10,000 unless told). */
export const collect = (limit = 10_000): Aggregate<JobValue> =>
  aggregate({ name: "collect", limit });

/**
 * How many numbers lie below each of the ascending `bounds`, and in the end how many lie at or above
 * the last one: `histogram([10, 100])` gives `[below 10, 10 to below 100, 100 and more]`.
 */
export const histogram = (bounds: readonly number[]): Aggregate<number> =>
  aggregate({ name: "histogram", bounds });

/** Passes records on as they are, without making JavaScript values of them. */
export interface Identity {
  readonly kind: "identity";
}

/** As mapper (of `fixedLength` records or of `former()`) or as reducer: every record as it is, in key order. */
export const identity = (): Identity => ({ kind: "identity" });
