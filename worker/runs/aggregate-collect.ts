import { Scratch } from "#shared/format/scratch";
import { valueTags } from "#shared/format/value";
import type { Accumulator } from "./accumulator.js";
import {
  appendEmitted,
  appendItem,
  checkListBytes,
  ItemWalk,
  JsonArrayWriter,
} from "./encoded-list.js";

/** `collect(limit)`: the first `limit` values, in order. */
export class CollectAccumulator implements Accumulator {
  /** Items one after another, see `valueTags.partialList`. */
  readonly #items = new Scratch(1024);
  readonly #value = new Scratch(16);
  readonly #walk = new ItemWalk();
  readonly #shown: string;
  #count = 0;

  constructor(readonly limit: number) {
    this.#shown = `collect(${limit})`;
  }

  reset(): void {
    this.#items.length = 0;
    this.#count = 0;
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] !== valueTags.partialList) {
      this.#addValue(bytes, start, end);
      return;
    }
    const walk = this.#walk;
    walk.begin(bytes, start + 1, end);
    while (this.#count < this.limit && walk.next()) this.#addValue(bytes, walk.start, walk.end);
  }

  encode(into: Scratch, isFinal: boolean): void {
    const { bytes, length } = this.#items;
    if (!isFinal) {
      into.reserve(1)[into.length++] = valueTags.partialList;
      into.append(bytes, 0, length);
      return;
    }
    const walk = this.#walk;
    const array = new JsonArrayWriter(into, this.#shown);
    walk.begin(bytes, 0, length);
    while (walk.next()) array.add(bytes, walk.start, walk.end);
    array.end();
  }

  #addValue(bytes: Buffer, start: number, end: number): void {
    if (this.#count === this.limit) return;
    this.#count++;
    checkListBytes(this.#shown, this.#items.length + end - start);
    const value = this.#value;
    if (bytes[start] === valueTags.partialCount) {
      value.length = 0;
      appendEmitted(value, bytes, start, end);
      appendItem(this.#items, value.bytes, 0, value.length);
    } else {
      appendItem(this.#items, bytes, start, end);
    }
  }
}
