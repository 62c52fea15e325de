import { fault } from "#shared/errors/fault";
import type { InputRange, Split } from "#shared/model/split";
import type { BlockFeed, Place } from "./block-feed.js";
import { Carry, tooLarge } from "./carry.js";
import { isCompressed, openFeed } from "./compression.js";
import { startsWithMark } from "./mark.js";
import type { ReadSettings, RecordSource } from "./record-source.js";
import { SplitCursor } from "./split-cursor.js";

/** One record a file, its whole content; an empty file is an empty record. */
export class FileSource implements RecordSource {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  location = "";
  offset = 0;
  #isTaken = true;
  readonly #carry: Carry;
  readonly #cursor: SplitCursor;
  readonly #settings: ReadSettings;
  readonly #stripsMark: boolean;

  /** @param stripsMark whether a byte order mark at the start is left out */
  constructor(
    split: Split,
    placeOf: (location: string) => Place,
    settings: ReadSettings,
    stripsMark: boolean,
  ) {
    this.#settings = settings;
    this.#stripsMark = stripsMark;
    this.#carry = new Carry(settings.recordBytesMax);
    this.#cursor = new SplitCursor(split, (range) => this.#openFeed(range, placeOf));
  }

  get bytesRead(): number {
    return this.#cursor.bytesRead;
  }

  next(): boolean {
    if (this.#isTaken) return false;
    this.#isTaken = true;
    return true;
  }

  async advance(): Promise<boolean> {
    await this.#cursor.finishRange();
    if (!this.#cursor.openNext()) return false;
    const { feed } = this.#cursor;
    const carry = this.#carry;
    carry.clear();
    carry.offset = 0;
    for (let block = await feed?.next(); block; block = await feed?.next()) {
      carry.append(block, 0, block.length, this.location);
    }
    this.bytes = carry.view();
    this.start = this.#stripsMark && startsWithMark(this.bytes) ? 3 : 0;
    this.offset = this.start;
    this.end = this.bytes.length;
    this.#isTaken = false;
    return true;
  }

  fraction(): number {
    return this.#cursor.fraction(this.#isTaken || isCompressed(this.location) ? 0 : this.end);
  }

  close(): Promise<void> {
    return this.#cursor.close();
  }

  #openFeed(range: InputRange, placeOf: (location: string) => Place): BlockFeed {
    const { location, fileBytes } = range;
    const { blockBytes, recordBytesMax } = this.#settings;
    this.location = location;
    const place = placeOf(location);
    if (isCompressed(location) && fileBytes > 0) return openFeed(place, range, 0, blockBytes);
    if (range.startByte !== 0 || range.endByte !== fileBytes) {
      throw fault("MR_INTERNAL", "a whole file cannot be split", {
        location,
        startByte: range.startByte,
        endByte: range.endByte,
      });
    }
    if (fileBytes > recordBytesMax) throw tooLarge(location, 0, recordBytesMax);
    return openFeed(place, range, 0, blockBytes);
  }
}
