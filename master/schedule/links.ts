import type { JobId } from "#shared/model/ids";
import type { JobSpec, SourceSpec, StepRun, StepSpec } from "#shared/model/job";
import { outputPaths } from "#shared/model/keys";

/**
 * One run of a step: `sample` looks at keys before a step in total order, `run` does the step's work,
 * `copy` writes the last round of a repeated last step in the form of the job's output.
 */
export interface Link {
  /** Index into `stepsOfChain`. */
  readonly stepIndex: number;
  /** From 1. */
  readonly round: number;
  readonly kind: "sample" | "run" | "copy";
}

/** The run whose output the present one reads, and its user counters by their own names. */
export interface Former {
  readonly link: Link;
  readonly counters: Readonly<Record<string, number>>;
}

/** A job that owns other jobs, as far as links need it. */
export interface ChainOwner {
  readonly jobId: JobId;
  readonly spec: JobSpec;
  readonly output: string;
}

/**
 * Keys that each task of a sample emits at most. Two tasks give boundaries between ten partitions that
 * are a few hundredths of a partition off, sixteen tasks between a hundred.
 */
const sampleKeysMax = 4_000;

const userPrefix = "user.";

/** Whether a job is run as a chain of jobs, one for each step. */
export function isChain({ steps, stepRun, totalOrder }: JobSpec): boolean {
  return stepRun === undefined && (steps !== undefined || totalOrder === true);
}

/** The steps of a chain; a job of one step is its own step. */
export function stepsOfChain(spec: JobSpec): readonly StepSpec[] {
  const { inputs, reader, name, hasReducer, hasCombiner } = spec;
  const { sources = [{ name: "input", inputs, reader }], sides, totalOrder } = spec;
  const { partitionCount, splitBytes } = spec;
  const only = { name, hasReducer, hasCombiner, sources, sides, totalOrder };
  return spec.steps ?? [{ ...only, partitionCount, splitBytes }];
}

/** The first run of a step's round. */
export function openingOf(spec: JobSpec, stepIndex: number, round: number): Link {
  const { totalOrder } = stepAt(spec, stepIndex);
  return { stepIndex, round, kind: totalOrder === true ? "sample" : "run" };
}

/**
 * What runs after a link succeeded.
 * @param counters of that run, `user.<name>` among them
 * @returns null when it was the last one
 */
export function nextLink(
  spec: JobSpec,
  { stepIndex, round, kind }: Link,
  counters: Readonly<Record<string, number>>,
): Link | null {
  if (kind === "sample") return { stepIndex, round, kind: "run" };
  if (kind === "copy") return null;
  const { repeat } = stepAt(spec, stepIndex);
  if (repeat !== undefined) {
    const { until, roundsMax } = repeat;
    const count = counters[userPrefix + until.counter] ?? 0;
    if (count > until.atMost && round < roundsMax) return openingOf(spec, stepIndex, round + 1);
  }
  if (stepIndex + 1 < stepsOfChain(spec).length) return openingOf(spec, stepIndex + 1, 1);
  return repeat === undefined ? null : { stepIndex, round, kind: "copy" };
}

/** User counters by the names that user code gave them. */
export function userCounters(counters: Readonly<Record<string, number>>): Record<string, number> {
  const own: Record<string, number> = {};
  for (const [name, amount] of Object.entries(counters)) {
    if (name.startsWith(userPrefix)) own[name.slice(userPrefix.length)] = amount;
  }
  return own;
}

/** `rank`, `rank.3` in a repeated step, `rank.3.sample`: unique in its chain, and safe as a folder. */
export function linkName(spec: JobSpec, { stepIndex, round, kind }: Link): string {
  const { name, repeat } = stepAt(spec, stepIndex);
  const counted = repeat === undefined ? name : `${name}.${round}`;
  return kind === "run" ? counted : `${counted}.${kind}`;
}

const idTail = /-\d{8}-\d{6}-[a-z0-9]{4}$/i;

/** The name of the chain and of the link, then the rest of the chain's id. */
export function childIdOf({ jobId, spec }: ChainOwner, link: Link): JobId {
  const tail = idTail.exec(jobId)?.[0] ?? "";
  return `${jobId.slice(0, jobId.length - tail.length)}.${linkName(spec, link)}${tail}`;
}

/** Where a link writes: below the chain's private folder, so that readers of the output see nothing. */
export function folderOf({ jobId, spec, output }: ChainOwner, link: Link): string {
  return `${output}/${outputPaths.pendingFolder(jobId)}/${linkName(spec, link)}`;
}

/** Where the sample for a step in total order lies, by the folder that the step writes to. */
export function sampleFolderOf(output: string): string {
  return `${output}.sample`;
}

/** Whether a location is the output of a run before it in the same chain. */
export function isFormerFolder({ stepRun }: JobSpec, location: string): boolean {
  if (stepRun === undefined) return false;
  return location.includes(`/${outputPaths.pendingFolder(stepRun.parentId)}/`);
}

/** The spec of the job that runs a link. */
export function childSpec(owner: ChainOwner, link: Link, former: Former | null): JobSpec {
  const { spec } = owner;
  const step = stepAt(spec, link.stepIndex);
  const stepRun: StepRun = {
    parentId: owner.jobId,
    stepIndex: link.stepIndex,
    round: link.round,
    formerCounters: { ...former?.counters },
    ...(link.kind === "sample" ? { sampleKeysMax } : {}),
    ...(link.kind === "copy" ? { copies: true as const } : {}),
  };
  const { name, bundleSha256, paramSpecs, params } = spec;
  const { attemptsMax, lossesMax, taskTimeoutMs } = spec;
  return {
    name,
    bundleSha256,
    paramSpecs,
    params,
    attemptsMax,
    lossesMax,
    taskTimeoutMs,
    ...readsOf(owner, link, former, step),
    ...worksOf(link, step),
    ...writesOf(spec, link, step),
    output: folderOf(owner, link),
    // What lies there is of this chain alone.
    overwrite: true,
    stepRun,
  };
}

function readsOf(
  owner: ChainOwner,
  link: Link,
  former: Former | null,
  step: StepSpec,
): Pick<JobSpec, "sources" | "sides" | "inputs" | "reader"> {
  // Nothing comes before the first round of the first step: it reads no records.
  const folders = former === null ? [] : [folderOf(owner, former.link)];
  const records = { kind: "records" } as const;
  const copied = { name: "former", inputs: folders, reader: records };
  const sources =
    link.kind === "copy"
      ? [copied]
      : step.sources.map((source): SourceSpec => {
          const { name, reader } = source;
          return reader.kind === "former" ? { name, inputs: folders, reader: records } : source;
        });
  const sides = link.kind === "copy" ? [] : (step.sides ?? []);
  return {
    sources,
    inputs: sources.flatMap(({ inputs }) => inputs),
    reader: sources[0]?.reader ?? records,
    ...(sides.length === 0
      ? {}
      : { sides: sides.map((side) => (side.isFormer ? { ...side, inputs: folders } : side)) }),
  };
}

type Works = Pick<
  JobSpec,
  "hasReducer" | "hasCombiner" | "totalOrder" | "partitionCount" | "splitBytes"
>;

function worksOf(link: Link, step: StepSpec): Works {
  if (link.kind !== "run") return { hasReducer: false, hasCombiner: false };
  const { hasReducer, hasCombiner, totalOrder, partitionCount, splitBytes } = step;
  return {
    hasReducer,
    hasCombiner,
    ...(totalOrder === undefined ? {} : { totalOrder }),
    ...(partitionCount === undefined ? {} : { partitionCount }),
    ...(splitBytes === undefined ? {} : { splitBytes }),
  };
}

/** The last run writes what the job is to write; every other one writes for the next. */
function writesOf(spec: JobSpec, link: Link, step: StepSpec): Pick<JobSpec, "writer" | "outputs"> {
  const isLastStep = link.stepIndex === stepsOfChain(spec).length - 1;
  const isLast =
    link.kind === "copy" || (link.kind === "run" && isLastStep && step.repeat === undefined);
  if (!isLast) return { writer: { kind: "records" } };
  const { writer, outputs } = spec;
  return outputs === undefined ? { writer } : { writer, outputs };
}

function stepAt(spec: JobSpec, stepIndex: number): StepSpec {
  const step = stepsOfChain(spec)[stepIndex];
  if (step === undefined) throw new Error(`the chain has no step ${stepIndex}`);
  return step;
}
