import { Fault, fault } from "#shared/errors/fault";
import type { InputRange } from "#shared/model/split";
import type { StorageBackend } from "#shared/storage/backend";

/** Where an input location is kept. */
export interface Place {
  readonly backend: StorageBackend;
  readonly key: string;
}

/** The bytes of one range, decompressed if need be, block by block. */
export interface BlockFeed {
  /** Position of the last block's first byte in the (decompressed) object. */
  readonly offset: number;
  /** Bytes of the range taken from storage so far. */
  readonly bytesRead: number;
  /** The next block up to the range's end; null there. Valid until the next call. */
  next(): Promise<Buffer | null>;
  /** After `next` gave null: the bytes that follow the range, for the record that crosses its end. */
  tail(): Promise<Buffer | null>;
  close(): Promise<void>;
}

/** Where to begin reading, or how to find out. */
export type StartByte = number | (() => Promise<number>);

/** A border is crossed by one record, mostly a short one: reading far past it is for the rare case. */
const tailBlockBytes = 64 * 1024;

/** Blocks of a range of an object that is not compressed. */
export class PlainFeed implements BlockFeed {
  offset = 0;
  bytesRead = 0;
  readonly #place: Place;
  readonly #range: InputRange;
  readonly #blockBytes: number;
  readonly #endByte: number;
  #position = 0;
  #startByte: StartByte | null;
  #blocks: AsyncIterator<Buffer> | null = null;
  #isInTail = false;

  /** @param startByte where to begin; may lie before or after the range's start */
  constructor(place: Place, range: InputRange, startByte: StartByte, blockBytes: number) {
    this.#place = place;
    this.#range = range;
    this.#blockBytes = blockBytes;
    this.#endByte = Math.min(range.endByte, range.fileBytes);
    this.#startByte = startByte;
  }

  async next(): Promise<Buffer | null> {
    if (this.#isInTail) return null;
    const block = await this.#read(this.#endByte, this.#blockBytes);
    if (block === null) return null;
    // Bytes before the range belong to the split before it.
    const counted = Math.max(this.offset, this.#range.startByte);
    this.bytesRead += Math.max(0, this.#position - counted);
    return block;
  }

  async tail(): Promise<Buffer | null> {
    const { fileBytes } = this.#range;
    if (!this.#isInTail) {
      this.#isInTail = true;
      if (this.#position >= fileBytes) return null;
      this.#blocks = null;
    }
    return this.#read(fileBytes, Math.min(this.#blockBytes, tailBlockBytes));
  }

  async close(): Promise<void> {
    const blocks = this.#blocks;
    this.#blocks = null;
    await blocks?.return?.();
  }

  async #read(endByte: number, blockBytes: number): Promise<Buffer | null> {
    const start = this.#startByte;
    if (start !== null) {
      this.#startByte = null;
      this.#position = typeof start === "number" ? start : await start();
    }
    const { version, location } = this.#range;
    const { backend, key } = this.#place;
    try {
      this.#blocks ??= iterate(
        backend.read(
          key,
          { startByte: this.#position, endByte },
          { blockBytes, reuseBuffer: true, version },
        ),
      );
      const step = await this.#blocks.next();
      if (step.done !== true) {
        this.offset = this.#position;
        this.#position += step.value.length;
        return step.value;
      }
    } catch (error) {
      throw inputFault(error, location);
    }
    if (this.#position >= endByte) return null;
    throw fault("MR_INPUT_CHANGED", "input file is shorter than when the job was planned", {
      location,
      fileBytes: this.#range.fileBytes,
      foundBytes: this.#position,
    });
  }
}

function iterate(blocks: AsyncIterable<Buffer>): AsyncIterator<Buffer> {
  return blocks[Symbol.asyncIterator]();
}

/** A fault of the storage in the words of a job's input. */
export function inputFault(error: unknown, location: string): unknown {
  if (!(error instanceof Fault)) return error;
  if (error.code === "MR_OBJECT_NOT_FOUND") {
    return fault("MR_INPUT_NOT_FOUND", "input file is not there any more", { location }, error);
  }
  if (error.code === "MR_OBJECT_CHANGED") {
    const details = { location, ...error.details };
    return fault(
      "MR_INPUT_CHANGED",
      "input file changed since the job was planned",
      details,
      error,
    );
  }
  if (error.code === "MR_INPUT_UNREADABLE") {
    return fault("MR_INPUT_UNREADABLE", "not allowed to read the input file", { location }, error);
  }
  return error;
}
