import { Scratch } from "#shared/format/scratch";
import type { Accumulator } from "./accumulator.js";
import { appendEmitted } from "./encoded-list.js";

/** `first()`: the first value. It is its own partial result. */
export class FirstAccumulator implements Accumulator {
  readonly #value = new Scratch(64);

  reset(): void {
    this.#value.length = 0;
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (this.#value.length === 0) appendEmitted(this.#value, bytes, start, end);
  }

  encode(into: Scratch): void {
    into.append(this.#value.bytes, 0, this.#value.length);
  }
}
