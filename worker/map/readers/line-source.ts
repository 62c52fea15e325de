import type { InputRange, Split } from "#shared/model/split";
import { PlainFeed, type BlockFeed, type Place } from "./block-feed.js";
import { Carry, tooLarge } from "./carry.js";
import { GzipFeed } from "./gzip-feed.js";
import type { ReadSettings, RecordSource } from "./record-source.js";
import { SplitCursor } from "./split-cursor.js";

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Lines of text without their `\n` or `\r\n`. A line belongs to the range in which it begins: a range
 * that does not begin the object starts behind the first `\n` at or after the byte before it, and
 * reads on past its end to finish its last line. A byte order mark is left out.
 */
export class LineSource implements RecordSource {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  location = "";
  offset = 0;
  /** Next byte to look at. */
  #position = 0;
  /** A line that begins at or past this position of the block is not ours. */
  #limit = 0;
  /** Position of `bytes[0]` in the object. */
  #blockOffset = 0;
  /** Position in the object at which other ranges' lines begin. */
  #ownedEnd = 0;
  /** The last line of the object, without `\n`, is what is left of the block. */
  #isLast = false;
  #isSkipping = false;
  /** What follows the line that was put together, in the block where it ended. */
  #pending: { readonly block: Buffer; readonly offset: number; readonly from: number } | null =
    null;
  readonly #carry: Carry;
  readonly #cursor: SplitCursor;
  readonly #settings: ReadSettings;
  readonly #skipsBlank: boolean;

  /** @param skipsBlank whether lines of spaces, tabs and `\r` alone are no records */
  constructor(
    split: Split,
    placeOf: (location: string) => Place,
    settings: ReadSettings,
    skipsBlank: boolean,
  ) {
    this.#settings = settings;
    this.#skipsBlank = skipsBlank;
    this.#carry = new Carry(settings.recordBytesMax + 2);
    this.#cursor = new SplitCursor(split, (range) => this.#openFeed(range, placeOf));
  }

  get bytesRead(): number {
    return this.#cursor.bytesRead;
  }

  next(): boolean {
    for (;;) {
      const at = this.#position;
      if (at >= this.#limit) return false;
      const { bytes } = this;
      let end = bytes.indexOf(lineFeed, at);
      if (end < 0) {
        if (!this.#isLast) return false;
        end = bytes.length;
        this.#position = end;
      } else {
        this.#position = end + 1;
        if (end > at && bytes[end - 1] === carriageReturn) end -= 1;
      }
      if (this.#skipsBlank && isBlank(bytes, at, end)) continue;
      this.start = at;
      this.end = end;
      this.offset = this.#blockOffset + at;
      return true;
    }
  }

  async advance(): Promise<boolean> {
    for (;;) {
      const pending = this.#pending;
      if (pending !== null) {
        this.#pending = null;
        this.#present(pending.block, pending.offset, pending.from);
        return true;
      }
      if (this.#cursor.feed === null && !this.#cursor.openNext()) return false;
      if (this.#cursor.feed !== null && (await this.#load(this.#cursor.feed))) return true;
      await this.#cursor.finishRange();
    }
  }

  fraction(): number {
    if (this.#ownedEnd === Infinity) return this.#cursor.fraction(0);
    const pending = this.#pending;
    const behind = pending === null ? 0 : pending.block.length - pending.from;
    return this.#cursor.fraction(Math.max(0, this.#limit - this.#position) + behind);
  }

  close(): Promise<void> {
    return this.#cursor.close();
  }

  #openFeed(range: InputRange, placeOf: (location: string) => Place): BlockFeed | null {
    if (range.startByte >= range.endByte) return null;
    const { blockBytes } = this.#settings;
    const place = placeOf(range.location);
    this.location = range.location;
    this.#isLast = false;
    this.#isSkipping = range.startByte > 0;
    this.#carry.clear();
    this.bytes = Buffer.alloc(0);
    this.#position = 0;
    this.#limit = 0;
    if (isGzip(range.location)) {
      this.#ownedEnd = Infinity;
      this.#blockOffset = 0;
      return new GzipFeed(place, range, blockBytes);
    }
    this.#ownedEnd = range.endByte;
    this.#blockOffset = Math.max(0, range.startByte - 1);
    return new PlainFeed(place, range, this.#blockOffset, blockBytes);
  }

  /** Loads the next block of the range. @returns false when the range has no more lines */
  async #load(feed: BlockFeed): Promise<boolean> {
    const carry = this.#carry;
    this.#keepRest();
    for (;;) {
      const block = (await feed.next()) ?? (this.#isUnfinished() ? await feed.tail() : null);
      if (block === null) {
        if (this.#isSkipping || carry.length === 0) return false;
        this.#isLast = true;
        this.#presentCarry();
        return true;
      }
      if (this.#isSkipping) {
        const newline = block.indexOf(lineFeed);
        if (newline < 0) continue;
        this.#isSkipping = false;
        this.#present(block, feed.offset, newline + 1);
        return true;
      }
      if (carry.length === 0) {
        this.#present(block, feed.offset, 0);
        return true;
      }
      const newline = block.indexOf(lineFeed);
      carry.append(block, 0, newline < 0 ? block.length : newline + 1, this.location);
      if (newline < 0) continue;
      this.#pending = { block, offset: feed.offset, from: newline + 1 };
      this.#presentCarry();
      return true;
    }
  }

  /** Saves the unfinished line at the end of the block before its memory is used again. */
  #keepRest(): void {
    const { bytes } = this;
    const from = this.#position;
    this.#blockOffset += from;
    this.#position = 0;
    this.#limit = 0;
    this.bytes = bytes.subarray(bytes.length);
    const isOurs = this.#blockOffset < this.#ownedEnd && !this.#isLast;
    this.#carry.clear();
    if (this.#isSkipping || !isOurs || from >= bytes.length) return;
    this.#carry.offset = this.#blockOffset;
    this.#carry.append(bytes, from, bytes.length, this.location);
  }

  /** Whether a line that is ours goes on, or begins, behind what was read. */
  #isUnfinished(): boolean {
    return !this.#isSkipping && !this.#isLast && this.#blockOffset < this.#ownedEnd;
  }

  #presentCarry(): void {
    const line = this.#carry.view();
    let { length } = line;
    if (length > 0 && line[length - 1] === lineFeed) length -= 1;
    if (length > 0 && line[length - 1] === carriageReturn) length -= 1;
    const { recordBytesMax } = this.#settings;
    if (length > recordBytesMax) throw tooLarge(this.location, this.#carry.offset, recordBytesMax);
    this.#present(line, this.#carry.offset, 0);
  }

  #present(block: Buffer, offset: number, from: number): void {
    this.bytes = block;
    this.#blockOffset = offset;
    this.#position = from;
    if (offset === 0 && from === 0 && startsWithMark(block)) {
      this.#position = 3;
      // The first line begins behind the mark, but belongs to whom the object's start belongs.
      this.#ownedEnd = Math.max(this.#ownedEnd, 4);
    }
    this.#limit = Math.min(block.length, this.#ownedEnd - offset);
  }
}

/** Compressed inputs are told by their name. */
export function isGzip(location: string): boolean {
  return location.endsWith(".gz");
}

export function startsWithMark(block: Buffer): boolean {
  return block.length >= 3 && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf;
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte !== 32 && byte !== 9 && byte !== carriageReturn) return false;
  }
  return true;
}
