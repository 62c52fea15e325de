import type { JobSpec } from "#shared/model/job";
import { pieceCountMax, weightOf, type Unit } from "./units.js";

const mebibyte = 1024 * 1024;
/** Below this a task costs more to start than to run. */
const targetBytesMin = mebibyte;

interface Aim {
  /** So many maps a slot even out that some are slower than others. */
  readonly mapsPerSlot: number;
  /** Above this a lost attempt loses too much work, and progress shows in leaps. */
  readonly bytesMax: number;
}

/** What is sorted must fit into the sort buffer of a slot, or it is written and read once more. */
const sortingAim: Aim = { mapsPerSlot: 3, bytesMax: 96 * mebibyte };
/** What is combined leaves each key once a split, so that larger splits leave less to sort and merge. */
const combiningAim: Aim = { mapsPerSlot: 2, bytesMax: 128 * mebibyte };

export interface Target {
  /** Size of a split that the cutting aims at. */
  readonly bytes: number;
  readonly reason: string;
}

/** Chooses the size of splits, and sees to two map tasks at least where the input can be divided. */
export function chooseTarget(
  spec: JobSpec,
  units: readonly Unit[],
  inputBytes: number,
  slotCount: number,
): Target {
  if (spec.splitBytes !== undefined) {
    return { bytes: spec.splitBytes, reason: `splits of ${spec.splitBytes} bytes were asked for.` };
  }
  const { mapsPerSlot, bytesMax } = spec.hasCombiner ? combiningAim : sortingAim;
  const slots = Math.max(1, slotCount);
  const even = Math.ceil(inputBytes / (mapsPerSlot * slots));
  const bytes = Math.min(Math.max(even, targetBytesMin), bytesMax);
  const forTwo = Math.ceil(units.reduce((sum, unit) => sum + weightOf(unit.file.sizeBytes), 0) / 2);
  if (bytes > forTwo && canBeDivided(units)) {
    const reason = "the input is small, so that it is halved to run on two slots.";
    return { bytes: forTwo, reason };
  }
  const bound = even === bytes ? "" : `, held between ${targetBytesMin} and ${bytesMax}`;
  return {
    bytes,
    reason: `${mapsPerSlot} a slot on ${slots} slots make splits of ${bytes} bytes${bound}.`,
  };
}

function canBeDivided(units: readonly Unit[]): boolean {
  let pieces = 0;
  for (const unit of units) {
    pieces += pieceCountMax(unit);
    if (pieces >= 2) return true;
  }
  return false;
}
