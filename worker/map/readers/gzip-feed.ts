import { Readable, pipeline } from "node:stream";
import { createGunzip, type Gunzip } from "node:zlib";
import { Fault, fault, messageOf } from "#shared/errors/fault";
import type { InputRange } from "#shared/model/split";
import { inputFault, type BlockFeed, type Place } from "./block-feed.js";

/** Large enough that handing chunks over costs nothing, small enough to stay in the cache. */
const chunkBytes = 256 * 1024;

/**
 * A gzip object decompressed as a stream: members one after another as one content, zero bytes after
 * the last one ignored.
 * @see RFC 1952
 */
export class GzipFeed implements BlockFeed {
  offset = 0;
  bytesRead = 0;
  readonly #place: Place;
  readonly #range: InputRange;
  readonly #blockBytes: number;
  #gunzip: Gunzip | null = null;
  #chunks: AsyncIterator<Buffer> | null = null;
  #produced = 0;

  constructor(place: Place, range: InputRange, blockBytes: number) {
    if (range.startByte !== 0 || range.endByte !== range.fileBytes) {
      throw fault("MR_INTERNAL", "a gzip input cannot be split", {
        location: range.location,
        startByte: range.startByte,
        endByte: range.endByte,
      });
    }
    this.#place = place;
    this.#range = range;
    this.#blockBytes = blockBytes;
  }

  async next(): Promise<Buffer | null> {
    this.#chunks ??= this.#start();
    try {
      const step = await this.#chunks.next();
      if (step.done !== true) {
        this.offset = this.#produced;
        this.#produced += step.value.length;
        return step.value;
      }
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw this.#corrupt(messageOf(error), error);
    }
    await this.#checkRest();
    return null;
  }

  async tail(): Promise<Buffer | null> {
    return null;
  }

  async close(): Promise<void> {
    this.#gunzip?.destroy();
  }

  #start(): AsyncIterator<Buffer> {
    const gunzip = createGunzip({
      chunkSize: Math.min(chunkBytes, Math.max(64, this.#blockBytes)),
    });
    const source = Readable.from(this.#compressed(), { highWaterMark: 1 });
    // An error of either side comes out of the iterator below; here it would be told twice.
    pipeline(source, gunzip, () => undefined);
    this.#gunzip = gunzip;
    return (gunzip as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async *#compressed(): AsyncGenerator<Buffer> {
    const { version, location, fileBytes } = this.#range;
    const { backend, key } = this.#place;
    try {
      const options = { blockBytes: this.#blockBytes, version };
      for await (const block of backend.read(key, undefined, options)) {
        this.bytesRead += block.length;
        yield block;
      }
    } catch (error) {
      throw inputFault(error, location);
    }
    if (this.bytesRead === fileBytes) return;
    throw fault("MR_INPUT_CHANGED", "input file has another size than when the job was planned", {
      location,
      fileBytes,
      foundBytes: this.bytesRead,
    });
  }

  /** The decompressor stops at a zero byte after a member; what is behind must be padding only. */
  async #checkRest(): Promise<void> {
    const { fileBytes, version, location } = this.#range;
    const { backend, key } = this.#place;
    const consumed = this.#gunzip?.bytesWritten ?? 0;
    if (consumed >= fileBytes) return;
    try {
      const range = { startByte: consumed, endByte: fileBytes };
      for await (const block of backend.read(key, range, { version, reuseBuffer: true })) {
        if (block.some((byte) => byte !== 0)) {
          throw this.#corrupt("bytes after the last gzip member", undefined);
        }
      }
    } catch (error) {
      throw inputFault(error, location);
    }
    this.bytesRead = fileBytes;
  }

  #corrupt(problem: string, cause: unknown): Fault {
    return fault(
      "MR_INPUT_CORRUPT",
      "gzip input is corrupt or cut off",
      {
        location: this.#range.location,
        compressedOffset: this.#gunzip?.bytesWritten ?? 0,
        decompressedOffset: this.#produced,
        problem,
      },
      cause,
    );
  }
}
