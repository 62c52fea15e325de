import { Random } from "./random.js";

export const recordBytes = 100;
export const keyBytes = 10;
const newline = 0x0a;
const recordsPerBlock = 10_000;
/** Payloads are cut from a pool of random letters: hardly compressible, and cheap to make. */
const poolBytes = 1 << 16;
const payloadFrom = keyBytes;
const payloadLength = recordBytes - keyBytes - 1;

/**
 * Records of 100 bytes: a key of 10 random printable bytes (`!` to `~`, no blanks), 89 letters and
 * digits, and a newline, so that line-oriented tools see one line a record.
 */
export class RecordGenerator {
  readonly #random: Random;
  readonly #pool = Buffer.alloc(poolBytes + recordBytes);
  readonly #recordCount: number;

  constructor(seed: number, sizeBytes: number) {
    this.#random = new Random(seed);
    this.#recordCount = recordCountOf(sizeBytes);
    const alphabet = Buffer.from(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
    );
    for (let index = 0; index < this.#pool.length; index++) {
      this.#pool[index] = alphabet[this.#random.next() & 63] ?? 0;
    }
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** All records block by block. A block is valid until the next one is asked for. */
  *blocks(): Generator<Uint8Array> {
    const block = Buffer.allocUnsafe(recordsPerBlock * recordBytes);
    for (let done = 0; done < this.#recordCount; done += recordsPerBlock) {
      const count = Math.min(recordsPerBlock, this.#recordCount - done);
      for (let index = 0; index < count; index++) this.#record(block, index * recordBytes);
      yield block.subarray(0, count * recordBytes);
    }
  }

  #record(block: Buffer, at: number): void {
    const random = this.#random;
    for (let index = 0; index < keyBytes; index += 2) {
      // One draw for two letters: 94 * 94 choices are few against 2^32.
      const choice = random.below(94 * 94);
      block[at + index] = 33 + (choice % 94);
      block[at + index + 1] = 33 + Math.floor(choice / 94);
    }
    const from = random.next() & (poolBytes - 1);
    this.#pool.copy(block, at + payloadFrom, from, from + payloadLength);
    block[at + recordBytes - 1] = newline;
  }
}

/** Whole records that a size holds. */
export function recordCountOf(sizeBytes: number): number {
  return Math.floor(sizeBytes / recordBytes);
}
