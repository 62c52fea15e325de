import type { NumberAggregateName } from "#shared/authoring/aggregates";
import type { Scratch } from "#shared/format/scratch";
import {
  decodeNumber,
  encodeNumber,
  encodePartialCount,
  encodePartialMean,
  isNumberTag,
  valueTags,
} from "#shared/format/value";
import { wrongKind, type Accumulator } from "./accumulator.js";

/** `sum()`, `count()`, `min()`, `max()` and `mean()`. */
export class NumberAccumulator implements Accumulator {
  #total = 0;
  #count = 0;

  constructor(readonly name: NumberAggregateName) {
    this.reset();
  }

  reset(): void {
    this.#count = 0;
    this.#total = startOf(this.name);
  }

  add(bytes: Buffer, start: number): void {
    const tag = bytes[start];
    if (this.name === "count") {
      this.#total += tag === valueTags.partialCount ? decodeNumber(bytes, start) : 1;
    } else if (tag === valueTags.partialMean && this.name === "mean") {
      this.#total += bytes.readDoubleLE(start + 1);
      this.#count += bytes.readDoubleLE(start + 9);
    } else if (isNumberTag(tag) || tag === valueTags.partialCount) {
      this.#addNumber(decodeNumber(bytes, start));
    } else {
      throw wrongKind(`${this.name}()`, "numbers", tag);
    }
  }

  /** Only `count` and `mean` have partial results that are not numbers themselves. */
  encode(into: Scratch, isFinal: boolean): void {
    if (this.name === "mean") {
      if (isFinal) encodeNumber(into, this.#total / this.#count);
      else encodePartialMean(into, this.#total, this.#count);
    } else if (this.name === "count" && !isFinal) {
      encodePartialCount(into, this.#total);
    } else {
      encodeNumber(into, this.#total);
    }
  }

  #addNumber(value: number): void {
    if (this.name === "min") {
      this.#total = Math.min(this.#total, value);
    } else if (this.name === "max") {
      this.#total = Math.max(this.#total, value);
    } else {
      this.#total += value;
      this.#count++;
    }
  }
}

/** What the first value is folded into. */
export function startOf(name: NumberAggregateName): number {
  if (name === "min") return Infinity;
  return name === "max" ? -Infinity : 0;
}
