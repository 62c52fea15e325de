import type { Random } from "./random.js";

/** Ranks by Zipf's law with exponent 1: rank `r`, from 1, is drawn with a probability proportional to `1/r`. */
export class Zipf {
  /** Sums of the weights up to each rank; only additions and divisions, the same on every machine. */
  readonly #sums: Float64Array;

  constructor(rankCount: number) {
    this.#sums = new Float64Array(rankCount);
    let sum = 0;
    for (let rank = 1; rank <= rankCount; rank++) {
      sum += 1 / rank;
      this.#sums[rank - 1] = sum;
    }
  }

  /** @returns an index in `[0, rankCount)`, the most frequent one first */
  draw(random: Random): number {
    const sums = this.#sums;
    const total = sums[sums.length - 1] ?? 0;
    const wanted = ((random.next() >>> 0) / 0x1_0000_0000) * total;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
