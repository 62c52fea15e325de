import type { InputRange, Split } from "#shared/model/split";
import type { Place } from "./block-feed.js";
import { BlockRecords } from "./block-records.js";
import { lineContentBytes, lineEnd, lineStart } from "./line-source.js";
import type { ReadSettings } from "./record-source.js";

const lineFeed = 10;

/**
 * Whole lines as they lie in the object, with their ends: those of a block as one record, a line that
 * crosses blocks as another. A line belongs to the range in which it begins.
 */
export class ChunkSource extends BlockRecords {
  constructor(split: Split, placeOf: (location: string) => Place, settings: ReadSettings) {
    super(split, placeOf, settings, 2);
  }

  next(): boolean {
    const at = this.position;
    if (at >= this.limit) return false;
    let end = this.#linesEnd();
    if (end <= at) {
      if (!this.isLast) return false;
      end = this.bytes.length;
    }
    this.position = end;
    this.start = at;
    this.end = end;
    this.offset = this.blockOffset + at;
    return true;
  }

  /** Where the last line ends that begins below the limit and ends in this block. */
  #linesEnd(): number {
    const { bytes, limit } = this;
    if (limit < bytes.length) {
      const past = bytes.indexOf(lineFeed, limit - 1);
      if (past >= 0) return past + 1;
      return limit < 2 ? 0 : bytes.lastIndexOf(lineFeed, limit - 2) + 1;
    }
    return bytes.lastIndexOf(lineFeed) + 1;
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
