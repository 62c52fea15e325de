import type { FormerStep } from "./steps.js";
import type { JobKey, JobValue } from "./values.js";

/** What every function of a job is told. */
export interface TaskContext<Params, Sides = unknown> {
  readonly params: Params;
  /** Side inputs, loaded before `setup`; shared by all calls in a thread, so do not change them. */
  readonly side: Sides;
  /** What the step before left, and in a repeated step the round before it. */
  readonly former: FormerStep;
  /** Round of a repeated step, from 1. */
  readonly round: number;
  readonly stage: "map" | "reduce";
  readonly taskIndex: number;
  /** From 1; larger when an earlier attempt was lost or failed. */
  readonly attempt: number;
  /** Adds to a counter of the job; only the attempt that wins is counted. */
  count(this: void, name: string, amount?: number): void;
}

export interface MapContext<Key, Value, Params, Sides = unknown> extends TaskContext<
  Params,
  Sides
> {
  /** Hands a record on: to the reducer of its key, or to the output of a map-only job. */
  emit(this: void, key: Key, value: Value): void;
  /** In a map-only job: writes a record to the named output. */
  emitTo(this: void, output: string, key: JobKey, value: JobValue): void;
  /** Where the present record comes from: the input's name, the file, and the byte offset at which it starts. */
  readonly source: { readonly input: string; readonly location: string; readonly offset: number };
}

export interface ReduceContext<Params, Sides = unknown> extends TaskContext<Params, Sides> {
  emit(this: void, key: JobKey, value: JobValue): void;
  /** Writes a record to the named output instead of the main one. */
  emitTo(this: void, output: string, key: JobKey, value: JobValue): void;
}

export type MapFunction<Input, Key, Value, Params, Sides = unknown> = (
  record: Input,
  context: MapContext<Key, Value, Params, Sides>,
) => void | Promise<void>;

/**
 * `values` streams: a group of any size needs no memory. It can be walked once, in the order of map
 * task and emission, or as `sortValues` says. Declared as a method, so that a function may name
 * narrower types than the job.
 */
export type ReduceFunction<Key, Value, Params, Sides = unknown> = {
  method(
    key: Key,
    values: Iterable<Value>,
    context: ReduceContext<Params, Sides>,
  ): void | Promise<void>;
}["method"];

/** Like a reducer, but synchronous, and it may only emit the key that it was given. It runs any number of times, also never. */
export type CombineFunction<Key, Value, Params, Sides = unknown> = {
  method(
    key: Key,
    values: Iterable<Value>,
    context: CombineContext<Key, Value, Params, Sides>,
  ): void;
}["method"];

export interface CombineContext<Key, Value, Params, Sides = unknown> extends TaskContext<
  Params,
  Sides
> {
  emit(this: void, key: Key, value: Value): void;
}

/** Called once per attempt, before the first record (`setup`) or after the last (`cleanup`, which may emit). */
export type SetupFunction<Params, Sides = unknown> = (
  context: TaskContext<Params, Sides>,
) => void | Promise<void>;
export type CleanupFunction<Params, Sides = unknown> = (
  context: TaskContext<Params, Sides> & {
    emit(this: void, key: JobKey, value: JobValue): void;
    emitTo(this: void, output: string, key: JobKey, value: JobValue): void;
  },
) => void | Promise<void>;

/** @returns a partition in `0..partitionCount-1`; must depend on the key alone */
export type PartitionFunction<Key> = { method(key: Key, partitionCount: number): number }["method"];
