import type { Random } from "#shared/clock/clock";
import { seededRandom } from "#shared/clock/simulated";

/** All chance of one run comes from here, so that its seed repeats it. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed * 2_654_435_761);
    for (let warmUp = 0; warmUp < 4; warmUp++) this.#random.next();
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.#random.next() * (max - min + 1));
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.between(0, items.length - 1)] ?? items[0];
  }
}
