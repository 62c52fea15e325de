import type { InputRange, Split } from "#shared/model/split";
import { weightOf, type Unit } from "./units.js";

/** A remainder below a tenth of a piece joins the piece before it instead of being a task. */
const remainderPart = 10;

/**
 * Divides units into splits of about `targetBytes`, in order: large files are cut, small ones are
 * packed together, and what cannot be cut is one range however large it is.
 */
export function cutSplits(units: readonly Unit[], targetBytes: number): Split[] {
  const splits: { ranges: InputRange[] }[] = [];
  walk(units, targetBytes, (range, startsSplit) => {
    const last = splits.at(-1);
    if (startsSplit || last === undefined) splits.push({ ranges: [range] });
    else last.ranges.push(range);
    return true;
  });
  return splits;
}

/** A split for every unit, so that what is written of it can be told apart. */
export function cutWhole(units: readonly Unit[]): Split[] {
  return units.map(({ file: { location, sizeBytes, version } }) => {
    const ends = { startByte: 0, endByte: sizeBytes, fileBytes: sizeBytes };
    return { ranges: [{ location, ...ends, version }] };
  });
}

/** How many splits `cutSplits` would make, at hardly any memory; stops counting past `countMax`. */
export function countSplits(units: readonly Unit[], targetBytes: number, countMax: number): number {
  let count = 0;
  walk(units, targetBytes, (_range, startsSplit) => {
    if (startsSplit) count++;
    return count <= countMax;
  });
  return count;
}

/** @returns whether to go on */
type Take = (range: InputRange, startsSplit: boolean) => boolean;

function walk(units: readonly Unit[], targetBytes: number, take: Take): void {
  const packing = new Packing(targetBytes, take);
  for (const unit of units) {
    const { sizeBytes } = unit.file;
    const pieceBytes = pieceSize(unit, targetBytes);
    if (pieceBytes === null || sizeBytes <= targetBytes) {
      if (!packing.add(unit, 0, sizeBytes)) return;
      continue;
    }
    packing.close();
    let start = 0;
    while (start < sizeBytes) {
      const rest = sizeBytes - start;
      const size = (rest - pieceBytes) * remainderPart < pieceBytes ? rest : pieceBytes;
      if (!packing.add(unit, start, start + size)) return;
      packing.close();
      start += size;
    }
  }
}

/** The largest multiple of the cut length within the target, at least one; null: not to be cut. */
function pieceSize(unit: Unit, targetBytes: number): number | null {
  if (unit.cutBytes === null) return null;
  return Math.max(1, Math.floor(targetBytes / unit.cutBytes)) * unit.cutBytes;
}

/** Fills splits one after another; a range that does not fit any more starts the next one. */
class Packing {
  #filled = 0;
  #isOpen = false;

  constructor(
    private readonly targetBytes: number,
    private readonly take: Take,
  ) {}

  add({ file }: Unit, startByte: number, endByte: number): boolean {
    const weight = weightOf(endByte - startByte);
    const startsSplit = !this.#isOpen || this.#filled + weight > this.targetBytes;
    const { location, version } = file;
    this.#filled = startsSplit ? weight : this.#filled + weight;
    this.#isOpen = true;
    const range = { location, startByte, endByte, fileBytes: file.sizeBytes, version };
    return this.take(range, startsSplit);
  }

  close(): void {
    this.#isOpen = false;
  }
}
