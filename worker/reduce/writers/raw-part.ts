import { keyKinds, readOrderedNumber, type KeyKind } from "#shared/format/key";
import { decodeNumber, valueTags } from "#shared/format/value";
import { BufferedPart } from "./part-writer.js";
import { copyBytes, numberBytesMax, writeAscii, writeNumber } from "./text-bytes.js";

/** The bytes of the key, then those of the value; numbers as text, other values as JSON, null as nothing. */
export class RawPart extends BufferedPart {
  add(
    keyKind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const room = keyEnd - keyStart + valueEnd - valueStart + 2 * numberBytesMax;
    const out = this.reserve(room);
    const { at } = this;
    const middle =
      keyKind === keyKinds.number
        ? writeNumber(out, at, readOrderedNumber(keyBytes, keyStart))
        : copyBytes(out, at, keyBytes, keyStart, keyEnd);
    this.at = writeValue(out, middle, valueBytes, valueStart, valueEnd);
    this.records++;
  }
}

function writeValue(out: Buffer, at: number, bytes: Buffer, start: number, end: number): number {
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
