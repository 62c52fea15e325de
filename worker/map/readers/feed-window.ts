import type { BlockFeed } from "./block-feed.js";

const nothing = Buffer.alloc(0);
/** A larger buffer is given back once its piece is used. */
const keptBytes = 1024 * 1024;

/** Takes pieces of any length out of a feed, whatever blocks it comes in, past the range's end as well. */
export class FeedWindow {
  /** Of the next byte in the object. */
  position: number;
  readonly #feed: BlockFeed;
  #block: Buffer = nothing;
  #at = 0;
  #joined: Buffer = nothing;

  /** @param position at which the feed begins */
  constructor(feed: BlockFeed, position: number) {
    this.#feed = feed;
    this.position = position;
  }

  /** Bytes that were read but not taken. */
  get ahead(): number {
    return this.#block.length - this.#at;
  }

  /** The next bytes, fewer at the object's end; valid until the next call. */
  async take(count: number): Promise<Buffer> {
    if (this.#joined.length > keptBytes) this.#joined = nothing;
    const at = this.#at;
    const stop = at + count;
    if (stop <= this.#block.length) {
      this.#at = stop;
      this.position += count;
      return this.#block.subarray(at, stop);
    }
    if (this.#joined.length < count) this.#joined = Buffer.allocUnsafeSlow(count);
    let length = 0;
    while (length < count) {
      if (this.ahead === 0 && !(await this.#pull())) break;
      const taken = Math.min(this.ahead, count - length);
      this.#block.copy(this.#joined, length, this.#at, this.#at + taken);
      this.#at += taken;
      length += taken;
    }
    this.position += length;
    return this.#joined.subarray(0, length);
  }

  /** Goes to where the pattern begins next. @returns false when it does not occur before the object's end */
  async find(pattern: Buffer): Promise<boolean> {
    for (;;) {
      const found = this.#block.indexOf(pattern, this.#at);
      if (found >= 0) {
        this.position += found - this.#at;
        this.#at = found;
        return true;
      }
      const keptCount = Math.min(pattern.length - 1, this.ahead);
      // The memory of a block is used again for the next one.
      const kept = Buffer.from(this.#block.subarray(this.#block.length - keptCount));
      this.position += this.ahead - keptCount;
      if (!(await this.#pull())) return false;
      if (keptCount > 0) this.#block = Buffer.concat([kept, this.#block]);
    }
  }

  /** Reads what is left of the range, so that all of it is checked. */
  async finish(): Promise<void> {
    while ((await this.#feed.next()) !== null);
  }

  async #pull(): Promise<boolean> {
    const block = (await this.#feed.next()) ?? (await this.#feed.tail());
    this.#block = block ?? nothing;
    this.#at = 0;
    return block !== null;
  }
}
