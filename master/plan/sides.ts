import { limits } from "#shared/model/limits";
import type { InputFile, InputRange } from "#shared/model/split";

/** A side input with the files that it names. */
export interface ListedSide {
  readonly name: string;
  readonly files: readonly InputFile[];
}

/** Every task gets these files whole, as they are now. */
export function pinSides(sides: readonly ListedSide[]): InputRange[][] {
  return sides.map(({ files }) =>
    files.map(({ location, sizeBytes, version }) => {
      return { location, startByte: 0, endByte: sizeBytes, fileBytes: sizeBytes, version };
    }),
  );
}

/** What is wrong with side inputs that are too large together; null when they are not. */
export function sidesProblem(sides: readonly ListedSide[]): string | null {
  const sizes = sides.map((side) => ({ name: side.name, bytes: bytesOf(side.files) }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const [largest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
  if (largest === undefined || total <= limits.sideBytesMax) return null;
  return (
    `side inputs have ${total} bytes together, ${largest.name} alone ${largest.bytes}; ` +
    `allowed: ${limits.sideBytesMax}, as every task holds all of them in memory; ` +
    `make ${largest.name} an input and join it instead`
  );
}

function bytesOf(files: readonly InputFile[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0);
}
