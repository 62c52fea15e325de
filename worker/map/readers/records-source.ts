import { fault } from "#shared/errors/fault";
import { keyKinds, type KeyKind } from "#shared/format/key";
import {
  blockHeaderBytes,
  fileHeaderBytes,
  openRecordsBody,
  readFileHeader,
  readRecordsHeader,
  type RecordsHeader,
} from "#shared/format/records-file";
import { VarintReader } from "#shared/format/varint";
import type { InputRange, Split } from "#shared/model/split";
import { inputFault, type BlockFeed, type Place } from "./block-feed.js";
import { isCompressed, openFeed } from "./compression.js";
import { FeedWindow } from "./feed-window.js";
import type { ReadSettings, RecordSource } from "./record-source.js";
import { SplitCursor } from "./split-cursor.js";

const nothing = Buffer.alloc(0);
const cutOff = "the end is missing";

/**
 * Records of Millrace's own binary format. A block belongs to the range in which its marker begins: a range
 * that does not begin the file goes to the first marker at or after its start. Every byte of a file is checked
 * by one of its ranges: blocks hang together by the distance to the one before, and the file has an end.
 * @see shared/format/records-file.ts
 */
export class RecordsSource implements RecordSource {
  bytes: Buffer = nothing;
  start = 0;
  end = 0;
  location = "";
  offset = 0;
  keyKind: KeyKind = keyKinds.none;
  keyStart = 0;
  keyEnd = 0;
  /** The value is encoded, with its tag. */
  valueStart = 0;
  valueEnd = 0;
  /** Of the next record in the block. */
  #position = 0;
  #blockOffset = 0;
  #window: FeedWindow | null = null;
  #marker: Buffer | null = null;
  /** Where the header before the next one begins; null where no header was read. */
  #formerAt: number | null = null;
  #isEnded = false;
  readonly #varints = new VarintReader();
  readonly #placeOf: (location: string) => Place;
  readonly #settings: ReadSettings;
  readonly #cursor: SplitCursor;

  constructor(split: Split, placeOf: (location: string) => Place, settings: ReadSettings) {
    this.#placeOf = placeOf;
    this.#settings = settings;
    this.#cursor = new SplitCursor(split, (range) => this.#openFeed(range));
  }

  get bytesRead(): number {
    return this.#cursor.bytesRead;
  }

  next(): boolean {
    const { bytes } = this;
    const at = this.#position;
    if (at >= bytes.length) return false;
    const varints = this.#varints;
    const keyBytes = varints.read(bytes, at);
    const valueBytes = varints.read(bytes, varints.at);
    this.keyStart = this.start = varints.at;
    this.keyEnd = this.valueStart = this.keyStart + keyBytes;
    this.valueEnd = this.end = this.keyEnd + valueBytes;
    this.offset = this.#blockOffset + at;
    if (this.end > bytes.length)
      throw this.#corrupt(this.offset, "record is longer than its block");
    this.#position = this.end;
    return true;
  }

  async advance(): Promise<boolean> {
    this.bytes = nothing;
    this.#position = 0;
    for (;;) {
      if (this.#cursor.feed === null && !this.#cursor.openNext()) return false;
      if (this.#cursor.feed !== null && (await this.#load(this.#cursor.feed))) return true;
      await this.#cursor.finishRange();
    }
  }

  fraction(): number {
    if (isCompressed(this.location)) return this.#cursor.fraction(0);
    const ahead = this.#window?.ahead ?? 0;
    return this.#cursor.fraction(this.bytes.length - this.#position + ahead);
  }

  close(): Promise<void> {
    return this.#cursor.close();
  }

  #openFeed(range: InputRange): BlockFeed | null {
    this.#window = null;
    if (range.startByte >= range.endByte) return null;
    this.location = range.location;
    const place = this.#placeOf(range.location);
    return openFeed(place, range, firstByte(range), this.#settings.blockBytes);
  }

  /** Loads the next block of the range. @returns false when the range has no more of them */
  async #load(feed: BlockFeed): Promise<boolean> {
    const { range } = this.#cursor;
    const ownedEnd = isCompressed(range.location) ? Infinity : range.endByte;
    this.#window ??= await this.#begin(feed, range, ownedEnd);
    const window = this.#window;
    const at = window.position;
    if (!this.#isEnded && at < ownedEnd) {
      const header = await this.#readHeader(window, range);
      if (header.recordCount > 0) {
        await this.#openBlock(window, header);
        return true;
      }
      this.#isEnded = true;
      if ((await window.take(1)).length > 0) throw this.#corrupt(at, "bytes behind the end");
    }
    if (!this.#isEnded && range.endByte >= range.fileBytes) throw this.#corrupt(at, cutOff);
    await window.finish();
    return false;
  }

  /** Reads the file's header and goes to the first header of a block that the range may own. */
  async #begin(feed: BlockFeed, range: InputRange, ownedEnd: number): Promise<FeedWindow> {
    const first = firstByte(range);
    const window = new FeedWindow(feed, first);
    const header = await (first === 0 ? window.take(fileHeaderBytes) : this.#readStart(range));
    this.#marker = readFileHeader(header);
    if (this.#marker === null) throw this.#corrupt(0, "not a file of records");
    this.#isEnded = false;
    this.#formerAt = first <= fileHeaderBytes ? 0 : null;
    if (first > 0 && first < fileHeaderBytes) await window.take(fileHeaderBytes - first);
    if (first <= fileHeaderBytes || first < range.startByte) return window;
    if (!(await window.find(this.#marker))) throw this.#corrupt(first, cutOff);
    // Another range's block; but it tells that no block of this range was overlooked.
    if (window.position >= ownedEnd) await this.#readHeader(window, range);
    return window;
  }

  async #readStart(range: InputRange): Promise<Buffer> {
    const { location, version } = range;
    const { backend, key } = this.#placeOf(location);
    const blocks: Buffer[] = [];
    try {
      const bytes = { startByte: 0, endByte: fileHeaderBytes };
      for await (const block of backend.read(key, bytes, { version })) blocks.push(block);
    } catch (error) {
      throw inputFault(error, location);
    }
    return Buffer.concat(blocks);
  }

  async #readHeader(window: FeedWindow, range: InputRange): Promise<RecordsHeader> {
    const at = window.position;
    const bytes = await window.take(blockHeaderBytes);
    const header = readRecordsHeader(bytes, this.#marker ?? nothing);
    if (header === null) throw this.#corrupt(at, "no header of a block where one must be");
    if (header.position !== at) throw this.#corrupt(at, "a block is not where it was written");
    const formerAt = at - header.formerBytes;
    const isNext =
      this.#formerAt === null ? formerAt < range.startByte : formerAt === this.#formerAt;
    if (!isNext) throw this.#corrupt(at, "a block before this one is missing");
    this.#formerAt = at;
    return header;
  }

  async #openBlock(window: FeedWindow, header: RecordsHeader): Promise<void> {
    this.#blockOffset = window.position;
    const body = await window.take(header.bodyBytes);
    const records = openRecordsBody(body, header);
    if (records === null) throw this.#corrupt(this.#blockOffset, "checksum does not match");
    this.bytes = records;
    this.keyKind = header.keyKind;
  }

  #corrupt(offset: number, problem: string): Error {
    const { location } = this;
    return fault("MR_INPUT_CORRUPT", "file of records is damaged or cut off", {
      location,
      offset,
      problem,
    });
  }
}

/** Where a range begins to look: one that begins inside the file's end looks at that as a whole. */
function firstByte(range: InputRange): number {
  return Math.min(range.startByte, Math.max(fileHeaderBytes, range.fileBytes - blockHeaderBytes));
}
