import makeBitReader from "@openpgp/unbzip2-stream/lib/bit_iterator.js";
import bzip2 from "@openpgp/unbzip2-stream/lib/bzip2.js";
import type { Decoder } from "./decoder.js";

/**
 * More than a block can take: 32,767 groups of 50 symbols of 20 bits, and tables. A block is decoded in
 * one go, and only when so many bytes are there or no more will come.
 */
const blockBytesMax = 4_200_000;
const pieceBytes = 256 * 1024;
const unit = 100_000;

/**
 * bzip2 streams, one behind another. Checksums of blocks and streams are checked. What one block stands
 * for is held in memory: 46 MB at most, 900 KB mostly.
 */
export class Bzip2Decoder implements Decoder {
  readonly #waiting: Buffer[] = [];
  #pushedBytes = 0;
  #isFinished = false;
  #bits: ReturnType<typeof makeBitReader> | null = null;
  /** Elements are one block's; null between streams. */
  #work: Int32Array | null = null;
  #streamCrc = 0;
  readonly #pieces: Buffer[] = [];
  #piece = Buffer.alloc(0);
  #length = 0;
  readonly #write = (byte: number): void => {
    if (this.#length === this.#piece.length) this.#startPiece();
    this.#piece[this.#length++] = byte;
  };

  get consumedBytes(): number {
    return this.#bits?.bytesRead ?? 0;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.#pushedBytes += bytes.length;
  }

  finish(): void {
    this.#isFinished = true;
  }

  read(): Buffer | null {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) return piece;
      const left = this.#pushedBytes - this.consumedBytes;
      if (!this.#isFinished && left < blockBytesMax) return null;
      if (left === 0 && this.#work === null) return null;
      this.#decode();
    }
  }

  #decode(): void {
    const bits = (this.#bits ??= makeBitReader(() => this.#nextBuffer()));
    if (this.#work === null) {
      const blockBytes = unit * bzip2.header(bits);
      this.#work = new Int32Array(blockBytes);
      this.#streamCrc = 0;
      return;
    }
    const work = this.#work;
    work.fill(0);
    const crc = bzip2.decompress(bits, this.#write, work, work.length, this.#streamCrc);
    if (crc === null) this.#work = null;
    else this.#streamCrc = crc;
    this.#endPiece();
  }

  #nextBuffer(): Buffer {
    const bytes = this.#waiting.shift();
    if (bytes === undefined) throw new Error("input ends inside a stream");
    return bytes;
  }

  #startPiece(): void {
    this.#endPiece();
    this.#piece = Buffer.allocUnsafeSlow(pieceBytes);
  }

  #endPiece(): void {
    if (this.#length > 0) this.#pieces.push(this.#piece.subarray(0, this.#length));
    this.#piece = Buffer.alloc(0);
    this.#length = 0;
  }
}
