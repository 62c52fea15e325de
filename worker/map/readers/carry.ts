import { fault } from "#shared/errors/fault";

const smallestBytes = 4 * 1024;
/** A larger buffer is given back once its record is done, so that one long record is not paid for ever. */
const keptBytes = 1024 * 1024;

/** Puts together a record that lies in several blocks. */
export class Carry {
  /** Bytes held. */
  length = 0;
  /** Position of the first byte in the object. */
  offset = 0;
  #buffer = Buffer.alloc(0);
  readonly #bytesMax: number;

  /** @param bytesMax of the record with what ends it */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  clear(): void {
    this.length = 0;
    if (this.#buffer.length > keptBytes) this.#buffer = Buffer.alloc(0);
  }

  /** @throws MR_RECORD_TOO_LARGE */
  append(block: Buffer, start: number, end: number, location: string): void {
    const needed = this.length + end - start;
    if (needed > this.#bytesMax) throw tooLarge(location, this.offset, this.#bytesMax);
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.min(this.#bytesMax, Math.max(smallestBytes, needed, 2 * this.#buffer.length)),
      );
      this.#buffer.copy(grown, 0, 0, this.length);
      this.#buffer = grown;
    }
    block.copy(this.#buffer, this.length, start, end);
    this.length = needed;
  }

  /** The bytes held; valid until the next `append`. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }
}

export function tooLarge(location: string, offset: number, bytesMax: number): Error {
  return fault("MR_RECORD_TOO_LARGE", "input record is too large", {
    location,
    offset,
    recordBytesMax: bytesMax,
  });
}
