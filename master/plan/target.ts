import type { JobSpec } from "#shared/model/job";
import { pieceCountMax, weightOf, type Unit } from "./units.js";

const mebibyte = 1024 * 1024;
/** Below this a task costs more to start than to run. */
const targetBytesMin = mebibyte;
/** Above this a lost attempt loses too much work, and progress shows in leaps. */
const targetBytesMax = 64 * mebibyte;
/** So many maps a slot even out that some are slower than others. */
const mapsPerSlot = 4;

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
  const slots = Math.max(1, slotCount);
  const even = Math.ceil(inputBytes / (mapsPerSlot * slots));
  const bytes = Math.min(Math.max(even, targetBytesMin), targetBytesMax);
  const forTwo = Math.ceil(units.reduce((sum, unit) => sum + weightOf(unit.file.sizeBytes), 0) / 2);
  if (bytes > forTwo && canBeDivided(units)) {
    const reason = "the input is small, so that it is halved to run on two slots.";
    return { bytes: forTwo, reason };
  }
  const bound = even === bytes ? "" : `, held between ${targetBytesMin} and ${targetBytesMax}`;
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
