import type { Aggregate, Identity } from "./aggregates.js";
import type {
  AnyJobDefinition,
  AnyStep,
  Job,
  PartitionFolders,
  SortKey,
  Source,
} from "./any-job.js";
import { checkDefinition } from "./check.js";
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
import type { ParamsOf, ParamSpecs } from "./params.js";
import type { RangePartitioner } from "./partitioners.js";
import type { Program } from "./programs.js";
import type { Reader } from "./readers.js";
import type { SidesOf, SideSpecs } from "./sides.js";
import type { Repeat } from "./steps.js";
import type { JobKey, JobValue } from "./values.js";
import type { Writer } from "./writers.js";

/** The types of the records between map and reduce; see `types`. */
export interface RecordTypes<Key, Value> {
  /** Only for the type checker; never set. */
  readonly record?: { readonly key: Key; readonly value: Value };
}

/** `emits: types<string, number>()` lets the type checker hold map, combine and reduce together. */
export function types<Key extends JobKey, Value extends JobValue>(): RecordTypes<Key, Value> {
  return {};
}

type Sources<Inputs, Key, Value, Params, Sides> = {
  readonly [Name in keyof Inputs]: Source<Inputs[Name], Key, Value, Params, Sides>;
};

/** What runs, of a job of one step or of one of several steps. */
export interface StepDefinition<
  Input,
  Key extends JobKey,
  Value extends JobValue,
  Params,
  Specs extends SideSpecs,
  Inputs,
> {
  readonly input?: Reader<Input>;
  readonly map?:
    | MapFunction<Input, Key, Value, Params, SidesOf<Specs>>
    | BuiltinMapper
    | Identity
    | Program;
  /** Instead of `input` and `map`: several inputs by name, each with its own. */
  readonly inputs?: Sources<Inputs, Key, Value, Params, SidesOf<Specs>>;
  /** Small inputs that every task gets whole. */
  readonly side?: Specs;
  /** Types of the emitted records, `types<string, number>()`; absent: any key, any value. */
  readonly emits?: RecordTypes<Key, Value>;
  readonly combine?:
    | Aggregate<Value>
    | CombineFunction<Key, Value, Params, SidesOf<Specs>>
    | Program;
  /** Absent: map-only, the output is what `map` emits. */
  readonly reduce?:
    | Aggregate<Value>
    | ReduceFunction<Key, Value, Params, SidesOf<Specs>>
    | Identity
    | Cogroup
    | Join
    | Program;
  /** Values of a key reach `reduce` in ascending order, descending, or in the order of what the function makes of them. */
  readonly sortValues?: true | "descending" | ((value: Value) => SortKey);
  /** Keys are in order over all parts: part 0 has the smallest. The ranges come from a sample of what `map` emits. */
  readonly totalOrder?: boolean;
  readonly partition?: PartitionFunction<Key> | RangePartitioner<Key, Params>;
  readonly setup?: SetupFunction<Params, SidesOf<Specs>>;
  readonly cleanup?: CleanupFunction<Params, SidesOf<Specs>>;
  /** Number of reduce tasks, and so of parts; `--reducers` overrides it. */
  readonly reducers?: number;
  /** Target bytes of one map task; `--split-bytes` overrides it. */
  readonly splitBytes?: number;
}

/** A step of several: reads `former()` or the job's inputs, and hands its records to the next one. */
export interface NamedStep {
  /** Form as of a job's name; unique in the job. */
  readonly name: string;
  /** Runs the step again and again, each round on the output of the one before. */
  readonly repeat?: Repeat;
}

/** `steps: (step) => [step({ name, … }), …]`: `step` knows the job's params. */
export type MakeStep<Params> = <
  Input,
  Key extends JobKey = JobKey,
  Value extends JobValue = JobValue,
  const Specs extends SideSpecs = Record<never, never>,
  Inputs = Record<never, never>,
>(
  definition: NamedStep & StepDefinition<Input, Key, Value, Params, Specs, Inputs>,
) => AnyStep;

/** What a job has beside its step or steps. */
export interface JobFrame<Specs extends ParamSpecs> {
  /** 1 to 41 letters, digits, `-` or `_`. */
  readonly name: string;
  readonly about?: string;
  readonly params?: Specs;
  readonly output: Writer;
  /** Further outputs by name, `emitTo(name, key, value)`, each in a folder of that name. */
  readonly outputs?: Readonly<Record<string, Writer>>;
  /** Folders of the main output that a record goes to: `output/date=2015-05-17/part-00000`. */
  readonly partitionBy?: (key: never, value: never) => PartitionFolders;
  /** Several steps, one after another; instead of `input`, `map`, `reduce` and what belongs to them. */
  readonly steps?: (step: MakeStep<ParamsOf<Specs>>) => readonly AnyStep[];
  readonly attemptsMax?: number;
  readonly taskTimeoutMs?: number;
}

export type JobDefinition<
  Input,
  Key extends JobKey,
  Value extends JobValue,
  Specs extends ParamSpecs,
  Sides extends SideSpecs,
  Inputs,
> = JobFrame<Specs> & StepDefinition<Input, Key, Value, ParamsOf<Specs>, Sides, Inputs>;

/**
 * Defines a job; export the result by default from the job file.
 * @throws MR_JOB_INVALID naming the field, its value and what is allowed
 */
export function defineJob<
  Input,
  Key extends JobKey = JobKey,
  Value extends JobValue = JobValue,
  const Specs extends ParamSpecs = Record<never, never>,
  const Sides extends SideSpecs = Record<never, never>,
  Inputs = Record<never, never>,
>(definition: JobDefinition<Input, Key, Value, Specs, Sides, Inputs>): Job {
  const { steps, ...rest } = definition;
  const made = steps === undefined ? {} : { steps: makeSteps(steps) };
  const known = { ...rest, ...made } as unknown as AnyJobDefinition;
  checkDefinition(known);
  return { millraceJob: 1, definition: known };
}

function makeSteps(steps: unknown): unknown {
  return typeof steps === "function" ? steps((step: unknown) => step) : steps;
}
