import { inputCompressionOf } from "#shared/model/compression";
import type { ReaderSpec } from "#shared/model/formats";
import type { InputFile } from "#shared/model/split";

/** A file and how it may be cut. */
export interface Unit {
  readonly file: InputFile;
  /** Cuts lie at multiples of this; null: never cut. */
  readonly cutBytes: number | null;
}

/** Files that have something to read, in the order given. An empty file is a record for kind `file` only. */
export function toUnits(reader: ReaderSpec, files: readonly InputFile[]): Unit[] {
  const units: Unit[] = [];
  for (const file of files) {
    if (file.sizeBytes === 0 && reader.kind !== "file") continue;
    units.push({ file, cutBytes: cutBytes(reader, file) });
  }
  return units;
}

/** Readers heal records at any cut, but a compressed file and a quoted line end show only to who reads all before. */
function cutBytes(reader: ReaderSpec, { location }: InputFile): number | null {
  if (inputCompressionOf(location) !== null) return null;
  switch (reader.kind) {
    case "file":
      return null;
    case "csv":
      return reader.quotedNewlines === true ? null : 1;
    case "fixed":
      return reader.recordBytes;
    default:
      return 1;
  }
}

/** In how many pieces the unit could be read at most. */
export function pieceCountMax(unit: Unit): number {
  return unit.cutBytes === null ? 1 : Math.ceil(unit.file.sizeBytes / unit.cutBytes);
}

/** What a range counts for when splits are filled: an empty file is work too. */
export function weightOf(sizeBytes: number): number {
  return Math.max(1, sizeBytes);
}
