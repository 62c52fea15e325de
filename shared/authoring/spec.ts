import { fault } from "#shared/errors/fault";
import type { JobSubmission, ParamValue, SideSpec, SourceSpec, StepSpec } from "#shared/model/job";
import {
  sourcesOf,
  stepsOf,
  type AnyJobDefinition,
  type AnySource,
  type AnyStep,
} from "./any-job.js";
import { combinerOf } from "./combiner.js";

/** Locations by the name of an input or side input. */
export type Locations = ReadonlyMap<string, readonly string[]>;

/** What a submission says beside the definition; what has a field there wins over it. */
export interface Placement {
  /** sha256 in hex of the bundle that the definition is from. */
  readonly bundleSha256: string;
  /** Absolute locations of each name in `inputNamesOf`. */
  readonly inputs: Locations;
  /** Absolute locations of each name in `sideNamesOf`. */
  readonly sides?: Locations;
  /** Complete, as `resolveParams` makes them. */
  readonly params: Record<string, ParamValue>;
  readonly output?: string | undefined;
  readonly overwrite?: boolean | undefined;
  readonly name?: string | undefined;
  /** Of the last step: so many parts. */
  readonly reducers?: number | undefined;
  /** Of every step. */
  readonly splitBytes?: number | undefined;
  readonly attemptsMax?: number | undefined;
  readonly taskTimeoutMs?: number | undefined;
}

/** Names of the inputs that are given at submit, each once; steps that declare one name share it. */
export function inputNamesOf(definition: AnyJobDefinition): string[] {
  const sources = stepsOf(definition).flatMap((step) => sourcesOf(step));
  return [...new Set(sources.filter((each) => !isFormer(each)).map(({ name }) => name))];
}

/** Whether inputs have names to be told apart by; otherwise a location is just a location. */
export function hasNamedInputs(definition: AnyJobDefinition): boolean {
  return stepsOf(definition).some((step) => step.inputs !== undefined);
}

/** Names of the side inputs that are given at submit, each once. */
export function sideNamesOf(definition: AnyJobDefinition): string[] {
  const sides = stepsOf(definition).flatMap((step) => Object.entries(step.side ?? {}));
  return [...new Set(sides.filter(([, side]) => !side.isFormer).map(([name]) => name))];
}

/**
 * The submission of a job. `inputs` and `reader` of a job with named inputs or steps are for people:
 * all locations, and the first input's reader.
 * @throws MR_ARGUMENT_INVALID or MR_JOB_INVALID when `reducers` cannot be
 */
export function submissionOf(definition: AnyJobDefinition, placement: Placement): JobSubmission {
  const attemptsMax = placement.attemptsMax ?? definition.attemptsMax;
  const taskTimeoutMs = placement.taskTimeoutMs ?? definition.taskTimeoutMs;
  const outputs = Object.entries(definition.outputs ?? {});
  return {
    ...runOf(definition, placement),
    name: placement.name ?? definition.name,
    bundleSha256: placement.bundleSha256,
    paramSpecs: { ...definition.params },
    params: placement.params,
    inputs: inputNamesOf(definition).flatMap((name) => placement.inputs.get(name) ?? []),
    ...(placement.output === undefined ? {} : { output: placement.output }),
    overwrite: placement.overwrite ?? false,
    reader: firstReader(definition),
    writer: definition.output.spec,
    ...(outputs.length === 0
      ? {}
      : { outputs: Object.fromEntries(outputs.map(([name, { spec }]) => [name, spec])) }),
    ...(attemptsMax === undefined ? {} : { attemptsMax }),
    ...(taskTimeoutMs === undefined ? {} : { taskTimeoutMs }),
  };
}

/** What the one step runs, or every one of several. */
function runOf(definition: AnyJobDefinition, placement: Placement) {
  const steps = stepsOf(definition);
  const fields = steps.map((step, index) => {
    const isLast = index === steps.length - 1;
    return stepFieldsOf(step, placement, isLast ? placement.reducers : undefined);
  });
  if (definition.steps === undefined) {
    const [own] = fields;
    if (definition.inputs === undefined) return { hasReducer: false, ...own };
    return { hasReducer: false, ...own, sources: sourceSpecsOf(definition, placement.inputs) };
  }
  const specs = steps.map((step, index): StepSpec => ({
    hasReducer: false,
    hasCombiner: false,
    ...fields[index],
    name: step.name,
    sources: sourceSpecsOf(step, placement.inputs),
    ...(step.repeat === undefined ? {} : { repeat: step.repeat }),
  }));
  return { hasReducer: specs.at(-1)?.hasReducer ?? false, steps: specs };
}

type StepFields = Omit<StepSpec, "name" | "sources" | "repeat">;

function stepFieldsOf(
  step: AnyStep,
  placement: Placement,
  reducers: number | undefined,
): StepFields {
  const sides = sideSpecsOf(step, placement.sides ?? new Map<string, readonly string[]>());
  const partitionCount = partitionCountOf(step, placement.params, reducers);
  const splitBytes = placement.splitBytes ?? step.splitBytes;
  return {
    hasReducer: step.reduce !== undefined,
    hasCombiner: combinerOf(step) !== undefined,
    ...(sides.length === 0 ? {} : { sides }),
    ...(step.totalOrder === true ? { totalOrder: true } : {}),
    ...(partitionCount === undefined ? {} : { partitionCount }),
    ...(splitBytes === undefined ? {} : { splitBytes }),
  };
}

function sourceSpecsOf(step: AnyStep, inputs: Locations): SourceSpec[] {
  return sourcesOf(step).map((source) => ({
    name: source.name,
    inputs: isFormer(source) ? [] : [...(inputs.get(source.name) ?? [])],
    reader: source.input.spec,
  }));
}

function sideSpecsOf(step: AnyStep, locations: Locations): SideSpec[] {
  return Object.entries(step.side ?? {}).map(([name, side]) => {
    if (side.isFormer) return { name, as: side.as, inputs: [], isFormer: true };
    return { name, as: side.as, inputs: [...(locations.get(name) ?? [])] };
  });
}

/** Ranges fix the number of reduce tasks: one more than there are boundaries. */
function partitionCountOf(
  step: AnyStep,
  params: Record<string, ParamValue>,
  reducers: number | undefined,
): number | undefined {
  const wanted = reducers ?? step.reducers;
  const { partition } = step;
  if (step.reduce === undefined) {
    if (reducers === undefined) return undefined;
    throw fault(
      "MR_ARGUMENT_INVALID",
      `--reducers is ${reducers}, but ${step.name} has no reducer; allowed: leaving it out`,
    );
  }
  if (typeof partition !== "object") return wanted;
  const ranges = partition.boundaries(params).length + 1;
  if (wanted === undefined || wanted === ranges) return ranges;
  throw fault(
    "MR_JOB_INVALID",
    `reducers is ${wanted}; allowed: ${ranges}, one more than byRange() has boundaries`,
    { field: "reducers" },
  );
}

function firstReader(definition: AnyJobDefinition): JobSubmission["reader"] {
  const [source] = stepsOf(definition).flatMap((step) => sourcesOf(step));
  return source?.input.spec ?? { kind: "text" };
}

function isFormer({ input }: AnySource): boolean {
  return input.spec.kind === "former";
}
