import { fault } from "#shared/errors/fault";
import type { InputRange, Split } from "#shared/model/split";
import type { BlockFeed, Place } from "./block-feed.js";
import { Carry } from "./carry.js";
import { isCompressed, openFeed } from "./compression.js";
import type { ReadSettings, RecordSource } from "./record-source.js";
import { SplitCursor } from "./split-cursor.js";

/** Records of one length. A record belongs to the range in which it begins. */
export class FixedSource implements RecordSource {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  location = "";
  offset = 0;
  #position = 0;
  /** The last position of the block at which one of our records may begin, plus one. */
  #limit = 0;
  #blockOffset = 0;
  #ownedEnd = 0;
  #pending: { readonly block: Buffer; readonly offset: number; readonly from: number } | null =
    null;
  readonly #recordBytes: number;
  readonly #carry: Carry;
  readonly #cursor: SplitCursor;
  readonly #settings: ReadSettings;

  constructor(
    split: Split,
    placeOf: (location: string) => Place,
    settings: ReadSettings,
    recordBytes: number,
  ) {
    this.#recordBytes = recordBytes;
    this.#settings = settings;
    this.#carry = new Carry(recordBytes);
    this.#cursor = new SplitCursor(split, (range) => this.#openFeed(range, placeOf));
  }

  get bytesRead(): number {
    return this.#cursor.bytesRead;
  }

  next(): boolean {
    const at = this.#position;
    if (at >= this.#limit) return false;
    this.start = at;
    this.end = at + this.#recordBytes;
    this.offset = this.#blockOffset + at;
    this.#position = this.end;
    return true;
  }

  /** Goes past all records that are left in the block; the first one begins at `start`. @returns how many */
  nextAll(): number {
    const count = Math.max(0, Math.ceil((this.#limit - this.#position) / this.#recordBytes));
    this.start = this.#position;
    this.end = this.start + this.#recordBytes;
    this.offset = this.#blockOffset + this.start;
    this.#position += count * this.#recordBytes;
    return count;
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
    const first = Math.ceil(range.startByte / this.#recordBytes) * this.#recordBytes;
    if (first >= range.endByte) return null;
    const { blockBytes } = this.#settings;
    const place = placeOf(range.location);
    this.location = range.location;
    this.bytes = Buffer.alloc(0);
    this.#position = 0;
    this.#limit = 0;
    this.#blockOffset = first;
    this.#carry.clear();
    if (isCompressed(range.location)) {
      this.#ownedEnd = Infinity;
      return openFeed(place, range, 0, blockBytes);
    }
    this.#ownedEnd = range.endByte;
    return openFeed(place, range, first, blockBytes);
  }

  async #load(feed: BlockFeed): Promise<boolean> {
    const carry = this.#carry;
    this.#keepRest();
    for (;;) {
      const isUnfinished = carry.length > 0 && this.#blockOffset < this.#ownedEnd;
      const block = (await feed.next()) ?? (isUnfinished ? await feed.tail() : null);
      if (block === null) {
        if (carry.length === 0) return false;
        throw fault("MR_INPUT_CORRUPT", "input file ends inside a record", {
          location: this.location,
          offset: carry.offset,
          recordBytes: this.#recordBytes,
          foundBytes: carry.length,
        });
      }
      if (carry.length === 0 && block.length >= this.#recordBytes) {
        this.#present(block, feed.offset, 0);
        return true;
      }
      if (carry.length === 0) carry.offset = this.#blockOffset = feed.offset;
      const taken = Math.min(block.length, this.#recordBytes - carry.length);
      carry.append(block, 0, taken, this.location);
      if (carry.length < this.#recordBytes) continue;
      this.#pending = { block, offset: feed.offset, from: taken };
      this.#present(carry.view(), carry.offset, 0);
      return true;
    }
  }

  #keepRest(): void {
    const { bytes } = this;
    const from = this.#position;
    this.#blockOffset += from;
    this.bytes = bytes.subarray(bytes.length);
    this.#position = 0;
    this.#limit = 0;
    this.#carry.clear();
    if (from >= bytes.length || this.#blockOffset >= this.#ownedEnd) return;
    this.#carry.offset = this.#blockOffset;
    this.#carry.append(bytes, from, bytes.length, this.location);
  }

  #present(block: Buffer, offset: number, from: number): void {
    this.bytes = block;
    this.#blockOffset = offset;
    this.#position = from;
    this.#limit = Math.min(block.length - this.#recordBytes + 1, this.#ownedEnd - offset);
  }
}
