import type { Aggregate, Identity } from "./aggregates.js";
import { checkDefinition } from "./check.js";
import type { ParamsOf, ParamSpecs } from "./params.js";
import type { RangePartitioner } from "./partitioners.js";
import type { Reader } from "./readers.js";
import type { JobKey, JobValue } from "./values.js";
import type { Writer } from "./writers.js";

/** What every function of a job is told. */
export interface TaskContext<Params> {
  readonly params: Params;
  readonly stage: "map" | "reduce";
  readonly taskIndex: number;
  /** From 1; larger when an earlier attempt was lost or failed. */
  readonly attempt: number;
  /** Adds to a counter of the job; only the attempt that wins is counted. */
  count(this: void, name: string, amount?: number): void;
}

export interface MapContext<Key, Value, Params> extends TaskContext<Params> {
  /** Hands a record on: to the reducer of its key, or to the output of a map-only job. */
  emit(this: void, key: Key, value: Value): void;
  /** Where the present record comes from: the file, and the byte offset at which it starts. */
  readonly source: { readonly location: string; readonly offset: number };
}

export interface ReduceContext<Params> extends TaskContext<Params> {
  emit(this: void, key: JobKey, value: JobValue): void;
}

export type MapFunction<Input, Key, Value, Params> = (
  record: Input,
  context: MapContext<Key, Value, Params>,
) => void | Promise<void>;

/**
 * `values` streams: a group of any size needs no memory. It can be walked once, in the order of map
 * task and emission. Declared as a method, so that a function may name narrower types than the job.
 */
export type ReduceFunction<Key, Value, Params> = {
  method(key: Key, values: Iterable<Value>, context: ReduceContext<Params>): void | Promise<void>;
}["method"];

/** Like a reducer, but synchronous, and it may only emit the key that it was given. It runs any number of times, also never. */
export type CombineFunction<Key, Value, Params> = {
  method(key: Key, values: Iterable<Value>, context: CombineContext<Key, Value, Params>): void;
}["method"];

export interface CombineContext<Key, Value, Params> extends TaskContext<Params> {
  emit(this: void, key: Key, value: Value): void;
}

/** Called once per attempt, before the first record (`setup`) or after the last (`cleanup`, which may emit). */
export type SetupFunction<Params> = (context: TaskContext<Params>) => void | Promise<void>;
export type CleanupFunction<Params> = (
  context: TaskContext<Params> & { emit(this: void, key: JobKey, value: JobValue): void },
) => void | Promise<void>;

/** @returns a partition in `0..partitionCount-1`; must depend on the key alone */
export type PartitionFunction<Key> = { method(key: Key, partitionCount: number): number }["method"];

/** The types of the records between map and reduce; see `types`. */
export interface RecordTypes<Key, Value> {
  /** Only for the type checker; never set. */
  readonly record?: { readonly key: Key; readonly value: Value };
}

/** `emits: types<string, number>()` lets the type checker hold map, combine and reduce together. */
export function types<Key extends JobKey, Value extends JobValue>(): RecordTypes<Key, Value> {
  return {};
}

export interface JobDefinition<
  Input,
  Key extends JobKey,
  Value extends JobValue,
  Specs extends ParamSpecs,
> {
  /** 1 to 41 letters, digits, `-` or `_`. */
  readonly name: string;
  readonly about?: string;
  readonly params?: Specs;
  readonly input: Reader<Input>;
  /** Types of the emitted records, `types<string, number>()`; absent: any key, any value. */
  readonly emits?: RecordTypes<Key, Value>;
  readonly map: MapFunction<Input, Key, Value, ParamsOf<Specs>> | Identity;
  readonly combine?: Aggregate<Value> | CombineFunction<Key, Value, ParamsOf<Specs>>;
  /** Absent: a map-only job, whose output is what `map` emits. */
  readonly reduce?: Aggregate<Value> | ReduceFunction<Key, Value, ParamsOf<Specs>> | Identity;
  readonly partition?: PartitionFunction<Key> | RangePartitioner<Key, ParamsOf<Specs>>;
  readonly setup?: SetupFunction<ParamsOf<Specs>>;
  readonly cleanup?: CleanupFunction<ParamsOf<Specs>>;
  readonly output: Writer;
  /** Number of reduce tasks, and so of parts; `--reducers` overrides it. */
  readonly reducers?: number;
  /** Target bytes of one map task; `--split-bytes` overrides it. */
  readonly splitBytes?: number;
  readonly attemptsMax?: number;
  readonly taskTimeoutMs?: number;
}

/** A checked definition: what a job file exports by default. */
export interface Job {
  readonly millraceJob: 1;
  readonly definition: AnyJobDefinition;
}

/** A definition whose type parameters are not known, as the engine sees it. */
export interface AnyJobDefinition {
  readonly name: string;
  readonly about?: string;
  readonly params?: ParamSpecs;
  readonly input: Reader<unknown>;
  readonly map: MapFunction<unknown, JobKey, JobValue, unknown> | Identity;
  readonly combine?: Aggregate<JobValue> | CombineFunction<JobKey, JobValue, unknown>;
  readonly reduce?: Aggregate<JobValue> | ReduceFunction<JobKey, JobValue, unknown> | Identity;
  readonly partition?: PartitionFunction<JobKey> | RangePartitioner<JobKey, unknown>;
  readonly setup?: SetupFunction<unknown>;
  readonly cleanup?: CleanupFunction<unknown>;
  readonly output: Writer;
  readonly reducers?: number;
  readonly splitBytes?: number;
  readonly attemptsMax?: number;
  readonly taskTimeoutMs?: number;
}

/**
 * Defines a job; export the result by default from the job file.
 * @throws MR_JOB_INVALID naming the field, its value and what is allowed
 */
export function defineJob<
  Input,
  Key extends JobKey = JobKey,
  Value extends JobValue = JobValue,
  const Specs extends ParamSpecs = Record<never, never>,
>(definition: JobDefinition<Input, Key, Value, Specs>): Job {
  const known = definition as unknown as AnyJobDefinition;
  checkDefinition(known);
  return { millraceJob: 1, definition: known };
}
