import type { Emitter } from "../emitter.js";

/** Puts a key together from parts of records, and emits it with a number. */
export class JoinedKey {
  readonly #between: Buffer;
  #bytes = Buffer.alloc(256);
  #length = 0;

  constructor(
    readonly emitter: Emitter,
    joinWith = " ",
  ) {
    this.#between = Buffer.from(joinWith);
  }

  /** Begins a key. */
  clear(): void {
    this.#length = 0;
  }

  /** Begins a part that is not the first one. */
  join(): void {
    this.append(this.#between, 0, this.#between.length);
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const target = this.reserve(end - start);
    let to = this.#length;
    for (let at = start; at < end; at++) target[to++] = bytes[at] ?? 0;
    this.#length = to;
  }

  /** Where the next bytes go: room for so many from `length` on. */
  reserve(bytes: number): Buffer {
    const needed = this.#length + bytes;
    if (needed > this.#bytes.length) {
      const grown = Buffer.alloc(needed * 2);
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  /** After bytes were written into what `reserve` gave. */
  set length(length: number) {
    this.#length = length;
  }

  emit(value: number): void {
    this.emitter.emitText(this.#bytes, 0, this.#length, value);
  }
}
