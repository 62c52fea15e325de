import { closeSync, openSync, readSync } from "node:fs";
import { fault } from "#shared/errors/fault";
import {
  blockHeaderBytes,
  openBlock,
  readBlockHeader,
  type BlockHeader,
} from "#shared/format/run-block";
import type { Segment } from "#shared/format/run-index";

/** The blocks of one segment, one after another; `bytes` is valid until the next call. */
export interface BlockSource {
  next(): { readonly header: BlockHeader; readonly bytes: Buffer } | null;
  close(): void;
}

/** Blocks of a segment that lies in memory. Owns nothing. */
export class MemoryBlocks implements BlockSource {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  next(): { header: BlockHeader; bytes: Buffer } | null {
    if (this.#at >= this.bytes.length) return null;
    if (this.#at + blockHeaderBytes > this.bytes.length) throw truncated(this.bytes.length);
    const header = readBlockHeader(this.bytes, this.#at);
    const end = this.#at + blockHeaderBytes + header.storedBytes;
    if (end > this.bytes.length) throw truncated(this.bytes.length);
    const block = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return { header, bytes: openBlock(block, header) };
  }

  close(): void {}
}

/** Room for a block of usual size and the header behind it. */
const bufferBytes = 160 * 1024;

/** Blocks of a segment of a file, read one at a time into a buffer of its own. */
export class FileBlocks implements BlockSource {
  #file: number | null;
  readonly #end: number;
  #at: number;
  #buffer: Buffer;
  /** Bytes at the buffer's start that were read ahead: the next block's header. */
  #ahead = 0;

  constructor(
    readonly path: string,
    segment: Pick<Segment, "offset" | "storedBytes">,
    /** A file that is open already, and closed with this. */
    file: number | null = null,
  ) {
    this.#file = file ?? openSync(path, "r");
    this.#at = segment.offset;
    this.#end = segment.offset + segment.storedBytes;
    // A merge of many small segments must not pay for blocks that they do not have.
    this.#buffer = Buffer.allocUnsafeSlow(
      Math.max(blockHeaderBytes, Math.min(bufferBytes, segment.storedBytes)),
    );
  }

  next(): { header: BlockHeader; bytes: Buffer } | null {
    if (this.#at >= this.#end && this.#ahead === 0) return null;
    if (this.#ahead === 0) this.#fill(0, blockHeaderBytes);
    const header = readBlockHeader(this.#buffer, 0);
    // Before memory is taken for a length that cannot be.
    if (this.#at + header.storedBytes > this.#end) throw truncated(this.#at);
    const blockEnd = blockHeaderBytes + header.storedBytes;
    const hasMore = this.#at + header.storedBytes < this.#end;
    const wanted = header.storedBytes + (hasMore ? blockHeaderBytes : 0);
    const block = this.#takeBuffer(blockHeaderBytes + wanted);
    this.#fill(blockHeaderBytes, wanted);
    const bytes = openBlock(block.subarray(0, blockEnd), header);
    if (hasMore) this.#next = block.subarray(blockEnd, blockEnd + blockHeaderBytes);
    this.#ahead = hasMore ? blockHeaderBytes : 0;
    return { header, bytes };
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  /** Header of the next block, read together with the present one and moved to the front on demand. */
  set #next(header: Buffer) {
    // The present block's records stay valid: only its own header, already used, is overwritten.
    header.copy(this.#buffer, 0);
  }

  #takeBuffer(size: number): Buffer {
    if (size > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(size + size / 4);
      this.#buffer.copy(grown, 0, 0, blockHeaderBytes);
      this.#buffer = grown;
    }
    return this.#buffer;
  }

  #fill(at: number, size: number): void {
    if (this.#file === null) throw new Error("run was closed");
    let filled = 0;
    while (filled < size) {
      const got = readSync(this.#file, this.#buffer, at + filled, size - filled, this.#at);
      if (got === 0) throw truncated(this.#at);
      filled += got;
      this.#at += got;
    }
  }
}

function truncated(atByte: number): Error {
  return fault("MR_RUN_CORRUPT", "run ends in the middle of a block", { atByte });
}
