import type { NumberAggregateName } from "#shared/authoring/aggregates";
import { fault } from "#shared/errors/fault";
import type { Scratch } from "#shared/format/scratch";
import {
  decodeNumber,
  encodeNumber,
  encodePartialCount,
  encodePartialMean,
  isNumberTag,
  valueTags,
} from "#shared/format/value";

export type AggregateName = NumberAggregateName;

/** What an aggregate has seen of one group, over encoded values: emitted ones and partial results. */
export class Accumulator {
  #total = 0;
  #count = 0;

  constructor(readonly name: AggregateName) {
    this.reset();
  }

  reset(): void {
    this.#count = 0;
    this.#total = this.name === "min" ? Infinity : this.name === "max" ? -Infinity : 0;
  }

  /** @throws MR_VALUE_INVALID when a value is of a kind that the aggregate does not take */
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
      throw notANumber(this.name, tagName(tag));
    }
  }

  /** Appends the group's result: the final one, or for `count` and `mean` one that can be combined again. */
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

/** @returns MR_VALUE_INVALID */
export function notANumber(aggregate: AggregateName, kind: string): Error {
  return fault(
    "MR_VALUE_INVALID",
    `${aggregate}() takes numbers, but the value emitted is ${kind}`,
  );
}

function tagName(tag: number | undefined): string {
  const names: Record<number, string> = {
    [valueTags.null]: "null",
    [valueTags.false]: "a boolean",
    [valueTags.true]: "a boolean",
    [valueTags.string]: "a string",
    [valueTags.bytes]: "bytes",
    [valueTags.json]: "an array or object",
  };
  return names[tag ?? -1] ?? "of another kind";
}
