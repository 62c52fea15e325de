import type { FaultCode } from "#shared/errors/codes";
import type { ReaderSpec } from "#shared/model/formats";
import type { JobSpec, SourceSpec } from "#shared/model/job";
import { limits } from "#shared/model/limits";
import type { Failure } from "#shared/model/result";
import type { InputFile, JobPlan, Split } from "#shared/model/split";
import { orderPartitions, type KeySample } from "./order.js";
import { choosePartitionCount } from "./partitions.js";
import { cutSample } from "./sample.js";
import { pinSides, sidesProblem, type ListedSide } from "./sides.js";
import { countSplits, cutSplits, cutWhole } from "./splits.js";
import { chooseTarget } from "./target.js";
import { toUnits, type Unit } from "./units.js";

export type Planned =
  | { readonly ok: true; readonly plan: JobPlan }
  | { readonly ok: false; readonly failure: Failure };

/** What the planner is told beside the files of the inputs. */
export interface PlanFacts {
  /** Files of each side input, in the order of the spec. */
  readonly sides?: readonly ListedSide[];
  /** Whether no file at all is an input like any other: the step before may have written none. */
  readonly mayBeEmpty?: boolean;
  /** Of a step in total order. */
  readonly sample?: KeySample;
}

/**
 * Cuts the input of a job into splits and chooses the number of partitions.
 * @param files what the inputs named, in any order; the plan reads them source by source, sorted by
 * location
 * @param slotCount slots of the cluster now; 0 is taken for 1
 */
export function planJob(
  spec: JobSpec,
  files: readonly InputFile[],
  slotCount: number,
  facts: PlanFacts = {},
): Planned {
  const sources = sourcesOf(spec);
  if (files.length === 0 && facts.mayBeEmpty !== true) {
    const named = sources.flatMap(({ inputs }) => inputs).join(", ");
    return refuse("MR_INPUT_EMPTY", `no input files: nothing to read under ${named}`);
  }
  const sidesAreWrong = sidesProblem(facts.sides ?? []);
  if (sidesAreWrong !== null) return refuse("MR_JOB_INVALID", sidesAreWrong);
  const sorted = files.toSorted((a, b) => compare(a.location, b.location));
  const bySource = sources.map(({ reader }, index) => {
    return toUnits(
      reader,
      sorted.filter(({ source = 0 }) => source === index),
    );
  });
  const torn = sources.map(({ reader }, index) => findTorn(reader, bySource[index] ?? []));
  const firstTorn = torn.find((each) => each !== null);
  if (firstTorn !== undefined) return refuse("MR_INPUT_CORRUPT", firstTorn);

  const inputBytes = sorted.reduce((sum, file) => sum + file.sizeBytes, 0);
  const cut = cutInput(spec, bySource, inputBytes, slotCount);
  if (cut === null) return refuse("MR_JOB_INVALID", tooMany(spec, inputBytes));
  const partitions = choosePartitionCount(spec, inputBytes, slotCount);
  const ordered = orderPartitions(partitions, facts.sample);
  return {
    ok: true,
    plan: {
      splits: cut.splits,
      partitionCount: ordered.count,
      ...(ordered.boundaries === undefined ? {} : { boundaries: ordered.boundaries }),
      ...(facts.sides === undefined ? {} : { sides: pinSides(facts.sides) }),
      inputBytes,
      fileCount: files.length,
      reasons: [
        `${counted(cut.splits.length, "map task")} over ${counted(files.length, "file")} ` +
          `of ${counted(inputBytes, "byte")}: ` +
          cut.reason,
        ordered.reason,
      ],
    },
  };
}
function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** The inputs of a job of one step. */
function sourcesOf({ sources, inputs, reader }: JobSpec): readonly SourceSpec[] {
  return sources ?? [{ name: "input", inputs, reader }];
}

/** A file of fixed-length records that ends within a record. */
function findTorn(reader: ReaderSpec, units: readonly Unit[]): string | null {
  if (reader.kind !== "fixed") return null;
  const { recordBytes } = reader;
  for (const { file, cutBytes } of units) {
    const { location, sizeBytes } = file;
    // Of a compressed file only reading it tells.
    if (cutBytes === null || sizeBytes % recordBytes === 0) continue;
    return (
      `input ends within a record: ${location} has ${sizeBytes} bytes, which is no multiple of ` +
      `the record length ${recordBytes}`
    );
  }
  return null;
}

interface Cut {
  readonly splits: readonly Split[];
  readonly reason: string;
}

/** @returns null when there would be more tasks than allowed */
function cutInput(
  spec: JobSpec,
  sources: readonly (readonly Unit[])[],
  inputBytes: number,
  slotCount: number,
): Cut | null {
  if (spec.stepRun?.sampleKeysMax !== undefined) {
    const splits = cutSample(sources, slotCount);
    return { splits, reason: "pieces spread over the input, to see its keys." };
  }
  if (spec.stepRun?.copies === true) {
    return { splits: cutWhole(sources.flat()), reason: "one for every part of the last round." };
  }
  const units = sources.flat();
  const target = chooseTarget(spec, units, inputBytes, slotCount);
  const mapCountMax = limits.tasksMax - choosePartitionCount(spec, inputBytes, slotCount).count;
  let count = 0;
  for (const each of sources) count += countSplits(each, target.bytes, mapCountMax);
  if (count > mapCountMax) return null;
  const splits = sources.flatMap((each, source) => {
    const cut = cutSplits(each, target.bytes);
    return sources.length === 1 ? cut : cut.map((split) => ({ ...split, source }));
  });
  return { splits, reason: target.reason };
}

function tooMany(spec: JobSpec, inputBytes: number): string {
  const enough = Math.max(Math.ceil(inputBytes / (limits.tasksMax / 4)), 64 * 1024 * 1024);
  const asked = spec.splitBytes === undefined ? "" : ` in splits of ${spec.splitBytes} bytes`;
  return (
    `${inputBytes} bytes of input${asked} make more tasks than allowed; ` +
    `allowed: ${limits.tasksMax} map and reduce tasks; ` +
    `make splits larger, for instance --split-bytes ${enough}`
  );
}

function refuse(code: FaultCode, message: string): Planned {
  return {
    ok: false,
    failure: {
      code,
      message,
      blame: "user",
      userFrame: null,
      stack: null,
      place: null,
      logTail: [],
      permanent: true,
    },
  };
}

/** By UTF-16 code units: the same on every machine, unlike a comparison by language. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
