import type { InputRange, Split } from "#shared/model/split";
import type { Place } from "./block-feed.js";
import { BlockRecords } from "./block-records.js";
import type { ReadSettings } from "./record-source.js";

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Lines of text without their `\n` or `\r\n`. A range that does not begin the object starts behind the
 * first `\n` at or after the byte before it.
 */
export class LineSource extends BlockRecords {
  readonly #skipsBlank: boolean;

  /** @param skipsBlank whether lines of spaces, tabs and `\r` alone are no records */
  constructor(
    split: Split,
    placeOf: (location: string) => Place,
    settings: ReadSettings,
    skipsBlank: boolean,
  ) {
    super(split, placeOf, settings, 2);
    this.#skipsBlank = skipsBlank;
  }

  next(): boolean {
    for (;;) {
      const at = this.position;
      if (at >= this.limit) return false;
      const { bytes } = this;
      let end = bytes.indexOf(lineFeed, at);
      if (end < 0) {
        if (!this.isLast) return false;
        end = bytes.length;
        this.position = end;
      } else {
        this.position = end + 1;
        if (end > at && bytes[end - 1] === carriageReturn) end -= 1;
      }
      if (this.#skipsBlank && isBlank(bytes, at, end)) continue;
      this.start = at;
      this.end = end;
      this.offset = this.blockOffset + at;
      return true;
    }
  }

  protected begin(range: InputRange): number {
    return lineStart(range);
  }

  protected skip(block: Buffer): number {
    return lineEnd(block);
  }

  protected endIn(block: Buffer): number {
    return lineEnd(block);
  }

  protected endAcross(): number {
    return -1;
  }

  protected contentBytes(record: Buffer): number {
    return lineContentBytes(record);
  }
}

/** The byte before the range tells whether a line begins with the range. */
export function lineStart(range: InputRange): number {
  return Math.max(0, range.startByte - 1);
}

/** The position behind the first line end; -1 without one. */
export function lineEnd(block: Buffer): number {
  const at = block.indexOf(lineFeed);
  return at < 0 ? -1 : at + 1;
}

export function lineContentBytes(line: Buffer): number {
  let { length } = line;
  if (length > 0 && line[length - 1] === lineFeed) length -= 1;
  if (length > 0 && line[length - 1] === carriageReturn) length -= 1;
  return length;
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== 32 && byte !== 9 && byte !== carriageReturn) return false;
  }
  return true;
}
