import type { Scratch } from "#shared/format/scratch";
import { decodeNumber, encodeValue, isNumberTag, valueTags } from "#shared/format/value";
import { varintBytesMax, VarintReader, writeVarint } from "#shared/format/varint";
import { fault } from "#shared/errors/fault";
import { wrongKind, type Accumulator } from "./accumulator.js";

const varints = new VarintReader();

/** `histogram(bounds)`: how many numbers lie below each bound, and at or above the last one. */
export class HistogramAccumulator implements Accumulator {
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;

  /** @param bounds ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = Float64Array.from(bounds);
    this.#counts = new Float64Array(bounds.length + 1);
  }

  reset(): void {
    this.#counts.fill(0);
  }

  add(bytes: Buffer, start: number): void {
    const tag = bytes[start];
    const counts = this.#counts;
    if (tag === valueTags.partialCounts) {
      varints.at = start + 1;
      for (let index = 0; index < counts.length; index++) {
        counts[index] = (counts[index] ?? 0) + varints.read(bytes, varints.at);
      }
      return;
    }
    if (!isNumberTag(tag) && tag !== valueTags.partialCount) {
      throw wrongKind("histogram()", "numbers", tag);
    }
    const value = decodeNumber(bytes, start);
    if (Number.isNaN(value)) {
      throw fault("MR_VALUE_INVALID", "histogram() takes numbers, but the value emitted is NaN");
    }
    const index = rangeOf(this.#bounds, value);
    counts[index] = (counts[index] ?? 0) + 1;
  }

  encode(into: Scratch, isFinal: boolean): void {
    const counts = this.#counts;
    if (isFinal) {
      encodeValue(into, Array.from(counts));
      return;
    }
    const bytes = into.reserve(1 + counts.length * varintBytesMax);
    bytes[into.length++] = valueTags.partialCounts;
    for (let index = 0; index < counts.length; index++) {
      into.length = writeVarint(bytes, into.length, counts[index] ?? 0);
    }
  }
}

/** How many of the bounds the value has reached. */
function rangeOf(bounds: Float64Array, value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < (bounds[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
