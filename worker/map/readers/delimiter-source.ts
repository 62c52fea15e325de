import type { InputRange, Split } from "#shared/model/split";
import type { Place, StartByte } from "./block-feed.js";
import { BlockRecords } from "./block-records.js";
import { Delimiter } from "./delimiter.js";
import type { ReadSettings } from "./record-source.js";

/**
 * Records that end with a delimiter of one or several bytes. A record begins at the object's start and
 * behind every delimiter; it belongs to the range in which it begins, wherever its delimiter lies.
 */
export class DelimiterSource extends BlockRecords {
  readonly #delimiter: Delimiter;
  readonly #bytes: Buffer;
  /** The delimiter if it is one byte, which is found faster than a sequence; -1 otherwise. */
  readonly #byte: number;
  #startByte = 0;
  /** While skipping: the end of what was read, in which a delimiter may begin. */
  #rest = Buffer.alloc(0);

  constructor(
    split: Split,
    placeOf: (location: string) => Place,
    settings: ReadSettings,
    delimiter: string,
  ) {
    const found = new Delimiter(delimiter);
    super(split, placeOf, settings, found.length);
    this.#delimiter = found;
    this.#bytes = found.bytes;
    this.#byte = found.length === 1 ? (found.bytes[0] ?? 0) : -1;
  }

  next(): boolean {
    const at = this.position;
    if (at >= this.limit) return false;
    const { bytes } = this;
    let end = this.#byte < 0 ? bytes.indexOf(this.#bytes, at) : bytes.indexOf(this.#byte, at);
    if (end < 0) {
      if (!this.isLast) return false;
      end = bytes.length;
      this.position = end;
    } else {
      this.position = end + this.#bytes.length;
    }
    this.start = at;
    this.end = end;
    this.offset = this.blockOffset + at;
    return true;
  }

  protected begin(range: InputRange, place: Place): StartByte {
    this.#startByte = range.startByte;
    this.#rest = Buffer.alloc(0);
    // The delimiter before a record that begins with the range.
    const from = range.startByte - this.#delimiter.length;
    if (from <= 0) return 0;
    return () => this.#delimiter.searchStart(place, range, from);
  }

  protected skip(block: Buffer, offset: number): number {
    const delimiter = this.#bytes;
    const joined = this.#rest.length === 0 ? block : Buffer.concat([this.#rest, block]);
    const joinedOffset = offset - this.#rest.length;
    let at = 0;
    for (;;) {
      const found = joined.indexOf(delimiter, at);
      if (found < 0) break;
      at = found + delimiter.length;
      if (joinedOffset + at >= this.#startByte) return at - this.#rest.length;
    }
    this.#rest = Buffer.from(joined.subarray(Math.max(at, joined.length - delimiter.length + 1)));
    return -1;
  }

  protected endIn(block: Buffer): number {
    const at = block.indexOf(this.#bytes);
    return at < 0 ? -1 : at + this.#bytes.length;
  }

  protected endAcross(bytes: Buffer, border: number): number {
    const { length } = this.#bytes;
    const at = bytes.indexOf(this.#bytes, Math.max(0, border - length + 1));
    return at < 0 ? -1 : at + length;
  }

  protected contentBytes(record: Buffer): number {
    return this.isLast ? record.length : record.length - this.#bytes.length;
  }
}
