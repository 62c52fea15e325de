import type { KeyKind } from "#shared/format/key";
import { valueTags } from "#shared/format/value";
import { wtf8BytesMax, writeWtf8 } from "#shared/format/wtf8";
import type { PartBytes } from "./part-bytes.js";
import { BufferedPart, type PartBuffers } from "./part-writer.js";
import { writePlainKey, writePlainValue } from "./plain-value.js";
import { copyBytes, numberBytesMax } from "./text-bytes.js";

const lineFeed = 10;

/**
 * Key, separator, value and LF, nothing escaped; an empty key or a null value leaves the other one alone.
 * @see https://hadoop.apache.org/docs/stable/api/org/apache/hadoop/mapreduce/lib/output/TextOutputFormat.html
 */
export class LinesPart extends BufferedPart {
  readonly #separator: Buffer;

  constructor(bytes: PartBytes, buffers: PartBuffers, separator: string) {
    super(bytes, buffers);
    const encoded = Buffer.alloc(wtf8BytesMax(separator));
    this.#separator = encoded.subarray(0, writeWtf8(encoded, 0, separator));
  }

  add(
    keyKind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const separator = this.#separator;
    const fields = keyEnd - keyStart + valueEnd - valueStart;
    const out = this.reserve(fields + separator.length + 2 * numberBytesMax + 1);
    let at = writePlainKey(out, this.at, keyKind, keyBytes, keyStart, keyEnd);
    if (valueBytes[valueStart] !== valueTags.null) {
      if (keyEnd > keyStart) at = copyBytes(out, at, separator, 0, separator.length);
      at = writePlainValue(out, at, valueBytes, valueStart, valueEnd);
    }
    out[at++] = lineFeed;
    this.at = at;
    this.records++;
  }
}
