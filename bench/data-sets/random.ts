/**
 * Seeded random numbers, xoshiro128**: fast, and the same on every machine.
 * @see https://prng.di.unimi.it/xoshiro128starstar.c
 */
export class Random {
  readonly #state = new Int32Array(4);

  constructor(seed: number) {
    // splitmix32 spreads small seeds over the whole state, which must not be all zero.
    let mixed = seed | 0;
    for (let index = 0; index < 4; index++) {
      mixed = (mixed + 0x9e3779b9) | 0;
      this.#state[index] = scramble(mixed);
    }
  }

  /** @returns 32 random bits as a signed integer */
  next(): number {
    const state = this.#state;
    const s0 = state[0] ?? 0;
    const s1 = state[1] ?? 0;
    const s2 = state[2] ?? 0;
    const s3 = state[3] ?? 0;
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = s1 << 9;
    const t2 = s2 ^ s0;
    const t3 = s3 ^ s1;
    state[0] = s0 ^ t3;
    state[1] = s1 ^ t2;
    state[2] = t2 ^ shifted;
    state[3] = (t3 << 11) | (t3 >>> 21);
    return result;
  }

  /** @returns an integer in `[0, bound)`; `bound` is small against 2^32 */
  below(bound: number): number {
    return Math.floor(((this.next() >>> 0) / 0x1_0000_0000) * bound);
  }
}

/** A permutation of the 32-bit integers that looks random. */
export function scramble(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}
