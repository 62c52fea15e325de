import type { KeyKind } from "#shared/format/key";
import { BufferedPart } from "./part-writer.js";
import { writePlainKey, writePlainValue } from "./plain-value.js";
import { numberBytesMax } from "./text-bytes.js";

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
    const middle = writePlainKey(out, this.at, keyKind, keyBytes, keyStart, keyEnd);
    this.at = writePlainValue(out, middle, valueBytes, valueStart, valueEnd);
    this.records++;
  }
}
