import type { Aggregate, Identity } from "./aggregates.js";
import type {
  CleanupFunction,
  CombineFunction,
  MapFunction,
  PartitionFunction,
  ReduceFunction,
  SetupFunction,
} from "./context.js";
import type { Cogroup, Join } from "./joins.js";
import type { BuiltinMapper } from "./mappers.js";
import type { ParamSpecs } from "./params.js";
import type { RangePartitioner } from "./partitioners.js";
import type { Program } from "./programs.js";
import type { Reader } from "./readers.js";
import type { SideSpecs } from "./sides.js";
import type { Repeat } from "./steps.js";
import type { JobKey, JobValue } from "./values.js";
import type { Writer } from "./writers.js";

/** What values are sorted by, where `sortValues` is a function: arrays are compared element by element. */
export type SortKey = null | boolean | number | string | Uint8Array | readonly SortKey[];

/** A part of the output, as folder names: `{ date: "2015-05-17" }` is `date=2015-05-17/`. */
export type PartitionFolders = Readonly<Record<string, string | number>>;

/** One of several inputs with a mapper of its own; `--input NAME=PATH` says where it is. */
export interface Source<Input, Key, Value, Params, Sides> {
  readonly input: Reader<Input>;
  readonly map: MapFunction<Input, Key, Value, Params, Sides> | BuiltinMapper | Identity | Program;
}

/** A checked definition: what a job file exports by default. */
export interface Job {
  readonly millraceJob: 1;
  readonly definition: AnyJobDefinition;
}

export type AnyMapper =
  | MapFunction<unknown, JobKey, JobValue, unknown>
  | BuiltinMapper
  | Identity
  | Program;

/** A step whose type parameters are not known, as the engine sees it. */
export interface AnyStep {
  readonly name: string;
  readonly input?: Reader<unknown>;
  readonly map?: AnyMapper;
  readonly inputs?: Readonly<Record<string, Source<unknown, JobKey, JobValue, unknown, unknown>>>;
  readonly side?: SideSpecs;
  readonly combine?: Aggregate<JobValue> | CombineFunction<JobKey, JobValue, unknown> | Program;
  readonly reduce?:
    | Aggregate<JobValue>
    | ReduceFunction<JobKey, JobValue, unknown>
    | Identity
    | Cogroup
    | Join
    | Program;
  readonly sortValues?: true | "descending" | ((value: JobValue) => SortKey);
  readonly totalOrder?: boolean;
  readonly partition?: PartitionFunction<JobKey> | RangePartitioner<JobKey, unknown>;
  readonly setup?: SetupFunction<unknown>;
  readonly cleanup?: CleanupFunction<unknown>;
  readonly reducers?: number;
  readonly splitBytes?: number;
  readonly repeat?: Repeat;
}

/** A definition whose type parameters are not known. A job of one step is its own step. */
export interface AnyJobDefinition extends AnyStep {
  readonly about?: string;
  readonly params?: ParamSpecs;
  readonly output: Writer;
  readonly outputs?: Readonly<Record<string, Writer>>;
  readonly partitionBy?: (key: JobKey, value: JobValue) => PartitionFolders;
  /** Absent: the job has one step, the definition itself. */
  readonly steps?: readonly AnyStep[];
  readonly attemptsMax?: number;
  readonly taskTimeoutMs?: number;
}

/** The steps of a job, in order; at least one. */
export function stepsOf(definition: AnyJobDefinition): readonly AnyStep[] {
  return definition.steps ?? [definition];
}

/** An input of a step with what reads and maps it. `name` is `input` where the job has only one. */
export interface AnySource {
  readonly name: string;
  readonly input: Reader<unknown>;
  readonly map: AnyMapper;
}

/** The inputs of a step in the order of their declaration; a split's `source` is an index into it. */
export function sourcesOf(step: AnyStep): readonly AnySource[] {
  if (step.inputs !== undefined) {
    return Object.entries(step.inputs).map(([name, source]) => ({ name, ...source }));
  }
  const { input, map } = step;
  return input === undefined || map === undefined ? [] : [{ name: "input", input, map }];
}
