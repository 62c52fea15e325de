import { splitSizeBytes, type InputRange, type Split } from "#shared/model/split";
import type { BlockFeed } from "./block-feed.js";

/** Goes through the ranges of a split and keeps count of the bytes. */
export class SplitCursor {
  readonly #split: Split;
  readonly #totalBytes: number;
  readonly #openFeed: (range: InputRange) => BlockFeed | null;
  #index = -1;
  #doneBytes = 0;
  #fraction = 0;
  feed: BlockFeed | null = null;

  /** @param openFeed gives null for a range that holds no records */
  constructor(split: Split, openFeed: (range: InputRange) => BlockFeed | null) {
    this.#split = split;
    this.#totalBytes = splitSizeBytes(split);
    this.#openFeed = openFeed;
  }

  get range(): InputRange {
    const range = this.#split.ranges[this.#index];
    if (range === undefined) throw new Error("no range is open");
    return range;
  }

  get bytesRead(): number {
    return this.#doneBytes + (this.feed?.bytesRead ?? 0);
  }

  /** Opens the next range that may hold records. @returns false when there is none */
  openNext(): boolean {
    while (++this.#index < this.#split.ranges.length) {
      this.feed = this.#openFeed(this.range);
      if (this.feed !== null) return true;
      this.#doneBytes += this.range.endByte - this.range.startByte;
    }
    this.#index = this.#split.ranges.length;
    return false;
  }

  async finishRange(): Promise<void> {
    const feed = this.feed;
    if (feed === null) return;
    this.feed = null;
    this.#doneBytes += this.range.endByte - this.range.startByte;
    await feed.close();
  }

  /**
   * Share that is done; never goes back.
   * @param unused bytes that were read but not walked yet
   */
  fraction(unused: number): number {
    if (this.#index >= this.#split.ranges.length || this.#totalBytes === 0) return 1;
    const fraction = Math.min(1, (this.bytesRead - unused) / this.#totalBytes);
    this.#fraction = Math.max(this.#fraction, fraction);
    return this.#fraction;
  }

  async close(): Promise<void> {
    const feed = this.feed;
    this.feed = null;
    await feed?.close();
  }
}
