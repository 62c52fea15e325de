import type { InputRange, Split } from "#shared/model/split";
import type { Unit } from "./units.js";

/** A remainder below this share of the target joins the split before it instead of being a task. */
const remainderShare = 0.1;

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
  });
  return splits;
}

/** How many splits `cutSplits` would make, at hardly any memory. */
export function countSplits(units: readonly Unit[], targetBytes: number): number {
  let count = 0;
  walk(units, targetBytes, (_range, startsSplit) => {
    if (startsSplit) count++;
  });
  return count;
}

type Take = (range: InputRange, startsSplit: boolean) => void;

function walk(units: readonly Unit[], targetBytes: number, take: Take): void {
  const packing = new Packing(targetBytes, take);
  for (const unit of units) {
    const { sizeBytes } = unit.file;
    const pieceBytes = pieceSize(unit, targetBytes);
    if (pieceBytes === null || sizeBytes <= targetBytes) {
      packing.add(unit, 0, sizeBytes);
      continue;
    }
    packing.close();
    let start = 0;
    while (start < sizeBytes) {
      const rest = sizeBytes - start;
      const size = rest < pieceBytes * (1 + remainderShare) ? rest : pieceBytes;
      packing.add(unit, start, start + size);
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
  #filledBytes = 0;
  #isOpen = false;

  constructor(
    private readonly targetBytes: number,
    private readonly take: Take,
  ) {}

  add({ file }: Unit, startByte: number, endByte: number): void {
    const size = endByte - startByte;
    const startsSplit = !this.#isOpen || this.#filledBytes + size > this.targetBytes;
    const { location, version } = file;
    const range = { location, startByte, endByte, fileBytes: file.sizeBytes, version };
    this.take(range, startsSplit);
    this.#filledBytes = startsSplit ? size : this.#filledBytes + size;
    this.#isOpen = true;
  }

  close(): void {
    this.#isOpen = false;
  }
}
