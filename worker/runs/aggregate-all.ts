import type { NumberAggregateName } from "#shared/authoring/aggregates";
import type { Scratch } from "#shared/format/scratch";
import {
  decodeNumber,
  encodePartialAll,
  encodeValue,
  isNumberTag,
  valueTags,
} from "#shared/format/value";
import { wrongKind, type Accumulator } from "./accumulator.js";
import { startOf } from "./aggregate-number.js";

/** What one double of a partial result does with each value. */
export type Fold = "add" | "count" | "min" | "max";

/** The doubles that an aggregate is made of. */
export const foldsOf: Readonly<Record<NumberAggregateName, readonly Fold[]>> = {
  sum: ["add"],
  count: ["count"],
  min: ["min"],
  max: ["max"],
  mean: ["add", "count"],
};

/** `all(...)`: several aggregates of the same numbers, one or two doubles each. */
export class AllAccumulator implements Accumulator {
  readonly #folds: readonly Fold[];
  readonly #starts: Float64Array;
  readonly #totals: Float64Array;

  constructor(readonly parts: readonly NumberAggregateName[]) {
    this.#folds = parts.flatMap((part) => foldsOf[part]);
    this.#starts = Float64Array.from(
      parts.flatMap((part) => foldsOf[part].map(() => startOf(part))),
    );
    this.#totals = this.#starts.slice();
  }

  reset(): void {
    this.#totals.set(this.#starts);
  }

  add(bytes: Buffer, start: number): void {
    const tag = bytes[start];
    if (tag === valueTags.partialAll) {
      this.#addPartial(bytes, start + 1);
      return;
    }
    if (!isNumberTag(tag) && tag !== valueTags.partialCount) {
      throw wrongKind("all()", "numbers", tag);
    }
    const value = decodeNumber(bytes, start);
    for (let index = 0; index < this.#folds.length; index++) {
      this.#fold(index, this.#folds[index] === "count" ? 1 : value);
    }
  }

  encode(into: Scratch, isFinal: boolean): void {
    if (isFinal) encodeValue(into, this.#results());
    else encodePartialAll(into, this.#totals);
  }

  #addPartial(bytes: Buffer, start: number): void {
    for (let index = 0; index < this.#folds.length; index++) {
      this.#fold(index, bytes.readDoubleLE(start + index * 8));
    }
  }

  #fold(index: number, value: number): void {
    const totals = this.#totals;
    const total = totals[index] ?? 0;
    const fold = this.#folds[index];
    if (fold === "min") totals[index] = Math.min(total, value);
    else if (fold === "max") totals[index] = Math.max(total, value);
    else totals[index] = total + value;
  }

  #results(): number[] {
    let at = 0;
    return this.parts.map((part) => {
      const total = this.#totals[at++] ?? 0;
      return part === "mean" ? total / (this.#totals[at++] ?? 0) : total;
    });
  }
}
