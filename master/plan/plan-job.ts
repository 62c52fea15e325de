import type { FaultCode } from "#shared/errors/codes";
import type { JobSpec } from "#shared/model/job";
import { limits } from "#shared/model/limits";
import type { Failure } from "#shared/model/result";
import type { InputFile, JobPlan } from "#shared/model/split";
import { choosePartitionCount } from "./partitions.js";
import { chooseTarget } from "./target.js";
import { countSplits, cutSplits } from "./splits.js";
import { toUnits } from "./units.js";

export type Planned =
  | { readonly ok: true; readonly plan: JobPlan }
  | { readonly ok: false; readonly failure: Failure };

/**
 * Cuts the input of a job into splits and chooses the number of partitions.
 * @param files what the inputs named, in any order; the plan reads them sorted by location
 * @param slotCount slots of the cluster now; 0 is taken for 1
 */
export function planJob(spec: JobSpec, files: readonly InputFile[], slotCount: number): Planned {
  if (files.length === 0) {
    const message = `no input files: nothing to read under ${spec.inputs.join(", ")}`;
    return refuse("MR_INPUT_EMPTY", message);
  }
  const sorted = files.toSorted((a, b) => compare(a.location, b.location));
  const torn = findTorn(spec, sorted);
  if (torn !== null) return refuse("MR_INPUT_CORRUPT", torn);

  const units = toUnits(spec.reader, sorted);
  const inputBytes = sorted.reduce((sum, file) => sum + file.sizeBytes, 0);
  const target = chooseTarget(spec, units, inputBytes, slotCount);
  const partitions = choosePartitionCount(spec, inputBytes, slotCount);
  const mapCountMax = limits.tasksMax - partitions.count;
  if (countSplits(units, target.bytes, mapCountMax) > mapCountMax) {
    return refuse("MR_JOB_INVALID", tooMany(target.bytes, inputBytes));
  }

  const splits = cutSplits(units, target.bytes);
  return {
    ok: true,
    plan: {
      splits,
      partitionCount: partitions.count,
      inputBytes,
      fileCount: files.length,
      reasons: [
        `${splits.length} map tasks over ${files.length} files of ${inputBytes} bytes: ` +
          target.reason,
        partitions.reason,
      ],
    },
  };
}

/** A file of fixed-length records that ends within a record. */
function findTorn(spec: JobSpec, files: readonly InputFile[]): string | null {
  if (spec.reader.kind !== "fixed") return null;
  const { recordBytes } = spec.reader;
  for (const { location, sizeBytes } of files) {
    if (location.endsWith(".gz") || sizeBytes % recordBytes === 0) continue;
    return (
      `input ends within a record: ${location} has ${sizeBytes} bytes, which is no multiple of ` +
      `the record length ${recordBytes}`
    );
  }
  return null;
}

function tooMany(targetBytes: number, inputBytes: number): string {
  const enough = Math.max(Math.ceil(inputBytes / (limits.tasksMax / 4)), 64 * 1024 * 1024);
  return (
    `${inputBytes} bytes of input in splits of ${targetBytes} bytes make more tasks than allowed; ` +
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
