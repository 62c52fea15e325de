import type { Random } from "#shared/clock/clock";

const firstMs = 100;
const longestMs = 5_000;

/**
 * Waits between attempts to connect: exponential with full jitter, so that the workers of a master
 * that comes back do not all come at once.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export class Backoff {
  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next try. */
  nextMs(): number {
    const ceilingMs = Math.min(longestMs, firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    return this.#random.next() * ceilingMs;
  }

  reset(): void {
    this.#failures = 0;
  }
}
