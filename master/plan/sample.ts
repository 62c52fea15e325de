import type { InputRange, Split } from "#shared/model/split";
import type { Unit } from "./units.js";

/** So many pieces see every region of the input; their cost does not grow with it. */
const pieceCount = 16;
const pieceBytes = 1024 * 1024;

/**
 * Splits for a look at the keys: up to sixteen pieces of about a mebibyte, spread evenly over the
 * input. What cannot be cut is one piece, however large; its reader stops when it has seen enough.
 * @param sources units of each source
 * @param slotCount each slot gets one split of several pieces: a split costs more than a piece
 */
export function cutSample(sources: readonly (readonly Unit[])[], slotCount: number): Split[] {
  const piecesASplit = Math.ceil(pieceCount / Math.max(1, slotCount));
  const totalBytes = sources.flat().reduce((sum, { file }) => sum + file.sizeBytes, 0);
  const splits: Split[] = [];
  let beforeBytes = 0;
  let nextPiece = 0;
  for (const [source, units] of sources.entries()) {
    const sourceBytes = units.reduce((sum, { file }) => sum + file.sizeBytes, 0);
    const starts: number[] = [];
    for (; nextPiece < pieceCount; nextPiece++) {
      const start = Math.floor((nextPiece * totalBytes) / pieceCount) - beforeBytes;
      if (start >= sourceBytes) break;
      starts.push(start);
    }
    for (const ranges of packed(cutPieces(units, starts), piecesASplit)) {
      splits.push(sources.length === 1 ? { ranges } : { ranges, source });
    }
    beforeBytes += sourceBytes;
  }
  return splits;
}

/** So many pieces side by side; a file that is read whole may have a split to itself. */
function packed(pieces: readonly InputRange[][], count: number): InputRange[][] {
  const packs: InputRange[][] = [];
  let open = 0;
  for (const ranges of pieces) {
    const bytes = ranges.reduce((sum, { startByte, endByte }) => sum + endByte - startByte, 0);
    const isLarge = bytes > 2 * pieceBytes;
    if (open === 0 || isLarge) {
      packs.push([...ranges]);
      open = isLarge ? 0 : count - 1;
    } else {
      packs.at(-1)?.push(...ranges);
      open--;
    }
  }
  return packs;
}

/** The pieces of one source that begin at the given bytes of it; none overlaps the one before. */
function cutPieces(units: readonly Unit[], starts: readonly number[]): InputRange[][] {
  const pieces: InputRange[][] = [];
  let unitIndex = 0;
  let unitStart = 0;
  /** Nothing before this is taken again. */
  let taken = 0;
  for (const start of starts) {
    const ranges: InputRange[] = [];
    let at = Math.max(start, taken);
    let left = pieceBytes;
    while (left > 0) {
      let unit = units[unitIndex];
      while (unit !== undefined && at >= unitStart + unit.file.sizeBytes) {
        unitStart += unit.file.sizeBytes;
        unit = units[++unitIndex];
      }
      if (unit === undefined) break;
      const range = cutRange(unit, at - unitStart, left);
      ranges.push(range);
      at = unitStart + range.endByte;
      left -= range.endByte - range.startByte;
    }
    taken = at;
    if (ranges.length > 0) pieces.push(ranges);
  }
  return pieces;
}

/** From the byte given, or from the cut before it. */
function cutRange({ file, cutBytes }: Unit, from: number, bytes: number): InputRange {
  const { location, version, sizeBytes } = file;
  const whole = { location, startByte: 0, endByte: sizeBytes, fileBytes: sizeBytes, version };
  if (cutBytes === null) return whole;
  const startByte = Math.floor(from / cutBytes) * cutBytes;
  const endByte = Math.min(sizeBytes, Math.ceil((startByte + bytes) / cutBytes) * cutBytes);
  return { ...whole, startByte, endByte };
}
