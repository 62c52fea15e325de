import type { InputRange, Split } from "#shared/model/split";
import type { BlockFeed, Place, StartByte } from "./block-feed.js";
import { Carry, tooLarge } from "./carry.js";
import { isCompressed, openFeed } from "./compression.js";
import { markBytes, startsWithMark } from "./mark.js";
import type { ReadSettings, RecordSource } from "./record-source.js";
import { SplitCursor } from "./split-cursor.js";

/** What follows the record that was put together, in the block where it ended. */
interface Pending {
  readonly block: Buffer;
  readonly offset: number;
  readonly from: number;
}

const nothing = Buffer.alloc(0);

/**
 * Records that something in the bytes ends, cut out of blocks. A record belongs to the range in which it
 * begins: a range that does not begin the object skips to the first record that begins in it, and
 * reads on past its end to finish its last one. A byte order mark is left out; the record behind it
 * belongs to whom the object's start belongs.
 */
export abstract class BlockRecords implements RecordSource {
  bytes: Buffer = nothing;
  start = 0;
  end = 0;
  location = "";
  offset = 0;
  /** Next byte to look at. */
  protected position = 0;
  /** A record that begins at or past this position of the block is not ours. */
  protected limit = 0;
  /** Position of `bytes[0]` in the object. */
  protected blockOffset = 0;
  /** The last record of the object, which nothing ends, is what is left of the block. */
  protected isLast = false;
  /** Position in the object at which other ranges' records begin. */
  #ownedEnd = 0;
  #isSkipping = false;
  #isAtStart = false;
  /** Position of the block that was read last, behind a byte order mark. */
  #readOffset = 0;
  #pending: Pending | null = null;
  readonly #carry: Carry;
  readonly #cursor: SplitCursor;
  readonly #settings: ReadSettings;
  readonly #endBytes: number;

  /**
   * @param endBytes length of what ends a record at most; where that may lie across a border of blocks
   * and still must be found as a whole, `endAcross` is asked
   */
  constructor(
    split: Split,
    placeOf: (location: string) => Place,
    settings: ReadSettings,
    endBytes: number,
  ) {
    this.#settings = settings;
    this.#endBytes = endBytes;
    this.#carry = new Carry(settings.recordBytesMax + endBytes);
    this.#cursor = new SplitCursor(split, (range) => this.#openFeed(range, placeOf));
  }

  abstract next(): boolean;

  /**
   * A new range begins.
   * @returns where in the object to begin reading, before `startByte` if need be, or how to find out
   */
  protected abstract begin(range: InputRange, place: Place): StartByte;

  /**
   * @param offset of the block in the object
   * @returns where in the block the first record of the range begins; -1 when it does not
   */
  protected abstract skip(block: Buffer, offset: number): number;

  /** @returns where in the block a record from before it is over, with what ends it; -1 when it is not */
  protected abstract endIn(block: Buffer): number;

  /**
   * The same for an end that begins before a border of blocks.
   * @param bytes of the record so far, then the first ones of the next block
   * @param border where those begin
   */
  protected abstract endAcross(bytes: Buffer, border: number): number;

  /** Length of the record without what ends it. */
  protected abstract contentBytes(record: Buffer): number;

  /** Other bytes are walked from now on. */
  protected presented(): void {}

  get bytesRead(): number {
    return this.#cursor.bytesRead;
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
    return this.#cursor.fraction(Math.max(0, this.limit - this.position) + behind);
  }

  close(): Promise<void> {
    return this.#cursor.close();
  }

  #openFeed(range: InputRange, placeOf: (location: string) => Place): BlockFeed | null {
    if (range.startByte >= range.endByte) return null;
    const place = placeOf(range.location);
    this.location = range.location;
    this.isLast = false;
    this.#isSkipping = range.startByte > 0;
    this.#carry.clear();
    this.bytes = nothing;
    this.position = 0;
    this.limit = 0;
    this.#ownedEnd = isCompressed(range.location) ? Infinity : range.endByte;
    this.blockOffset = range.startByte;
    this.#isAtStart = true;
    return openFeed(place, range, this.begin(range, place), this.#settings.blockBytes);
  }

  /** Loads the next block of the range. @returns false when the range has no more records */
  async #load(feed: BlockFeed): Promise<boolean> {
    const carry = this.#carry;
    this.#keepRest();
    for (;;) {
      const block = await this.#nextBlock(feed);
      if (block === null) {
        if (this.#isSkipping || carry.length === 0) return false;
        this.isLast = true;
        this.#presentCarry();
        return true;
      }
      const offset = this.#readOffset;
      if (this.#isSkipping) {
        const from = this.skip(block, offset);
        if (from < 0) continue;
        this.#isSkipping = false;
        this.#present(block, offset, from);
        return true;
      }
      if (carry.length === 0) {
        this.#present(block, offset, 0);
        return true;
      }
      const end = this.#finish(block);
      if (end < 0) continue;
      this.#pending = { block, offset, from: end };
      this.#presentCarry();
      return true;
    }
  }

  /** Reads a block; of the first one of an object the byte order mark is left out. */
  async #nextBlock(feed: BlockFeed): Promise<Buffer | null> {
    const block = await this.#read(feed);
    this.#readOffset = feed.offset;
    if (!this.#isAtStart || block === null) return block;
    this.#isAtStart = false;
    if (feed.offset !== 0) return block;
    const first = await this.#fill(feed, block);
    this.#readOffset = 0;
    if (!startsWithMark(first)) return first;
    this.#readOffset = markBytes;
    this.#ownedEnd = Math.max(this.#ownedEnd, markBytes + 1);
    return first.subarray(markBytes);
  }

  /** Blocks may be too small to tell whether there is a mark. */
  async #fill(feed: BlockFeed, block: Buffer): Promise<Buffer> {
    let first = block;
    while (first.length < markBytes) {
      first = Buffer.from(first);
      const more = (await feed.next()) ?? (await feed.tail());
      if (more === null) break;
      first = Buffer.concat([first, more]);
    }
    return first;
  }

  async #read(feed: BlockFeed): Promise<Buffer | null> {
    const block = await feed.next();
    if (block !== null) return block;
    // Whether a record that is ours goes on, or begins, behind what was read.
    const isUnfinished = !this.#isSkipping && !this.isLast && this.blockOffset < this.#ownedEnd;
    return isUnfinished ? feed.tail() : null;
  }

  /** Adds to the record that is not over. @returns where in the block it is; -1 when it goes on */
  #finish(block: Buffer): number {
    const carry = this.#carry;
    const border = carry.length;
    const joined = Math.min(block.length, this.#endBytes - 1);
    carry.append(block, 0, joined, this.location);
    const across = this.endAcross(carry.view(), border);
    if (across >= 0) {
      carry.length = across;
      return across - border;
    }
    const end = this.endIn(block);
    carry.append(block, joined, end < 0 ? block.length : end, this.location);
    return end;
  }

  /** Saves the unfinished record at the end of the block before its memory is used again. */
  #keepRest(): void {
    const { bytes, position } = this;
    this.blockOffset += position;
    this.position = 0;
    this.limit = 0;
    this.bytes = nothing;
    const isOurs = this.blockOffset < this.#ownedEnd && !this.isLast;
    this.#carry.clear();
    if (this.#isSkipping || !isOurs || position >= bytes.length) return;
    this.#carry.offset = this.blockOffset;
    this.#carry.append(bytes, position, bytes.length, this.location);
  }

  #presentCarry(): void {
    const record = this.#carry.view();
    const { recordBytesMax } = this.#settings;
    if (this.contentBytes(record) > recordBytesMax) {
      throw tooLarge(this.location, this.#carry.offset, recordBytesMax);
    }
    this.#present(record, this.#carry.offset, 0);
  }

  #present(block: Buffer, offset: number, from: number): void {
    this.bytes = block;
    this.blockOffset = offset;
    this.position = from;
    this.limit = Math.min(block.length, this.#ownedEnd - offset);
    this.presented();
  }
}
