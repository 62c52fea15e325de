import { keyKinds, readOrderedNumber, type KeyKind } from "#shared/format/key";
import { decodeNumber, valueTags } from "#shared/format/value";
import { copyBytes, writeAscii, writeNumber } from "./text-bytes.js";

/** Writes a key as it is, a number as JavaScript prints it. @returns the position after it */
export function writePlainKey(
  out: Buffer,
  at: number,
  kind: KeyKind,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  if (kind === keyKinds.number) return writeNumber(out, at, readOrderedNumber(bytes, start));
  return copyBytes(out, at, bytes, start, end);
}

/** Writes text and bytes as they are, other values as JSON, null as nothing. @returns the position after it */
export function writePlainValue(
  out: Buffer,
  at: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  switch (bytes[start]) {
    case valueTags.string:
    case valueTags.bytes:
    case valueTags.json:
      return copyBytes(out, at, bytes, start + 1, end);
    case valueTags.null:
      return at;
    case valueTags.true:
      return writeAscii(out, at, "true");
    case valueTags.false:
      return writeAscii(out, at, "false");
    default:
      return writeNumber(out, at, decodeNumber(bytes, start));
  }
}
