import { crc32 } from "node:zlib";
import { fault } from "#shared/errors/fault";
import { blockHeaderBytes, readBlockHeader } from "#shared/format/run-block";

/** Checks the blocks of a segment while its bytes arrive in pieces of any size. */
export class SegmentVerifier {
  readonly #header = Buffer.alloc(blockHeaderBytes);
  #headerUsed = 0;
  #left = 0;
  #checksum = 0;

  /** @throws MR_RUN_CORRUPT as soon as a block's checksum or length cannot be right */
  take(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#headerUsed < blockHeaderBytes) {
        at = this.#takeHeader(bytes, at);
        if (this.#headerUsed < blockHeaderBytes) return;
      }
      const end = Math.min(bytes.length, at + this.#left);
      this.#checksum = crc32(bytes.subarray(at, end), this.#checksum);
      this.#left -= end - at;
      at = end;
      if (this.#left === 0) this.#endBlock();
    }
  }

  /** @throws MR_RUN_CORRUPT when the segment ended in the middle of a block */
  end(): void {
    if (this.#headerUsed > 0) throw fault("MR_RUN_CORRUPT", "segment ends inside a block");
  }

  #takeHeader(bytes: Buffer, position: number): number {
    const size = Math.min(blockHeaderBytes - this.#headerUsed, bytes.length - position);
    bytes.copy(this.#header, this.#headerUsed, position, position + size);
    this.#headerUsed += size;
    if (this.#headerUsed === blockHeaderBytes) {
      this.#left = readBlockHeader(this.#header, 0).storedBytes;
      this.#checksum = crc32(this.#header.subarray(4));
      if (this.#left === 0) this.#endBlock();
    }
    return position + size;
  }

  #endBlock(): void {
    if (this.#checksum !== this.#header.readUInt32LE(0)) {
      throw fault("MR_RUN_CORRUPT", "block checksum does not match");
    }
    this.#headerUsed = 0;
  }
}
