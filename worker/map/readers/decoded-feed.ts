import { Fault, fault, messageOf } from "#shared/errors/fault";
import type { InputCompression } from "#shared/model/compression";
import type { InputRange } from "#shared/model/split";
import { inputFault, type BlockFeed, type Place } from "./block-feed.js";
import type { Decoder } from "./decoder.js";

/** What is read of the compressed object at a time. */
const readBytes = 256 * 1024;

/** A compressed object as blocks of what it stands for, of at most so many bytes. */
export class DecodedFeed implements BlockFeed {
  offset = 0;
  bytesRead = 0;
  readonly #place: Place;
  readonly #range: InputRange;
  readonly #blockBytes: number;
  readonly #compression: InputCompression;
  readonly #makeDecoder: () => Promise<Decoder>;
  #decoder: Decoder | null = null;
  #blocks: AsyncIterator<Buffer> | null = null;
  #piece: Buffer = Buffer.alloc(0);
  #produced = 0;
  #isAtEnd = false;

  constructor(
    place: Place,
    range: InputRange,
    blockBytes: number,
    compression: InputCompression,
    makeDecoder: () => Promise<Decoder>,
  ) {
    const { location, startByte, endByte, fileBytes } = range;
    if (startByte !== 0 || endByte !== fileBytes) {
      const details = { location, startByte, endByte };
      throw fault("MR_INTERNAL", `a ${compression} input cannot be split`, details);
    }
    this.#place = place;
    this.#range = range;
    this.#blockBytes = blockBytes;
    this.#compression = compression;
    this.#makeDecoder = makeDecoder;
  }

  async next(): Promise<Buffer | null> {
    this.#decoder ??= await this.#makeDecoder();
    while (this.#piece.length === 0) {
      const piece = this.#decode(this.#decoder);
      if (piece !== null) this.#piece = piece;
      else if (this.#isAtEnd) return null;
      else await this.#readMore(this.#decoder);
    }
    const block = this.#piece.subarray(0, this.#blockBytes);
    this.#piece = this.#piece.subarray(block.length);
    this.offset = this.#produced;
    this.#produced += block.length;
    return block;
  }

  async tail(): Promise<Buffer | null> {
    return null;
  }

  async close(): Promise<void> {
    const blocks = this.#blocks;
    this.#blocks = null;
    await blocks?.return?.();
  }

  #decode(decoder: Decoder): Buffer | null {
    try {
      return decoder.read();
    } catch (error) {
      throw fault(
        "MR_INPUT_CORRUPT",
        `${this.#compression} input is corrupt or cut off`,
        {
          location: this.#range.location,
          compressedOffset: decoder.consumedBytes,
          decompressedOffset: this.#produced,
          problem: messageOf(error),
        },
        error,
      );
    }
  }

  async #readMore(decoder: Decoder): Promise<void> {
    const { version, location, fileBytes } = this.#range;
    const { backend, key } = this.#place;
    try {
      const blockBytes = Math.min(readBytes, this.#blockBytes);
      const compressed = () => backend.read(key, undefined, { blockBytes, version });
      this.#blocks ??= compressed()[Symbol.asyncIterator]();
      const step = await this.#blocks.next();
      if (step.done !== true) {
        this.bytesRead += step.value.length;
        decoder.push(step.value);
        return;
      }
    } catch (error) {
      throw error instanceof Fault ? inputFault(error, location) : error;
    }
    if (this.bytesRead !== fileBytes) {
      const details = { location, fileBytes, foundBytes: this.bytesRead };
      const problem = "input file has another size than when the job was planned";
      throw fault("MR_INPUT_CHANGED", problem, details);
    }
    this.#isAtEnd = true;
    decoder.finish();
  }
}
