import type { AggregateName } from "#worker/runs/accumulator";

/** Starting sizes: most tables of a job stay small, and there are hundreds of them. */
const startSlots = 64;
const startWords = 256;

/** Words of a cell before its key: hash, size of the key in bytes, total (a double), for a mean the count (a double). */
const totalWord = 2;
const countWord = 4;

/**
 * One open-addressing hash table from keys to one number (two for a mean), small enough to stay in
 * the processor's cache. Keys are compared word by word; a look-up touches two lines of memory.
 *
 *     slots   per slot: hash, position of the cell plus one (0 is free)
 *     arena   per cell: hash, key bytes, total, perhaps count, the key as little-endian words filled
 *             up with zeros; cells begin at even words, so that their doubles are aligned
 */
export class CombineCells {
  count = 0;
  usedWords = 0;
  arena = new Int32Array(startWords);
  doubles = new Float64Array(this.arena.buffer);
  /** Words of a cell before its key. */
  readonly headerWords: number;
  #slots = new Int32Array(startSlots * 2);
  #mask = startSlots - 1;

  readonly #isAdding: boolean;

  constructor(readonly aggregate: AggregateName) {
    this.#isAdding = aggregate !== "min" && aggregate !== "max";
    this.headerWords = aggregate === "mean" ? 6 : 4;
  }

  get bytes(): number {
    return this.arena.length * 4 + this.#slots.length * 4;
  }

  /** Folds `value` into the key of `sizeBytes` bytes at `from[start]`. */
  fold(from: Int32Array, start: number, sizeBytes: number, hash: number, value: number): void {
    const slots = this.#slots;
    const arena = this.arena;
    const mask = this.#mask;
    const words = (sizeBytes + 3) >>> 2;
    let slot = hash & mask;
    for (;;) {
      const cell = (slots[slot * 2 + 1] ?? 0) - 1;
      if (cell < 0) break;
      if (slots[slot * 2] === hash && arena[cell + 1] === sizeBytes) {
        const own = cell + this.headerWords;
        let at = 0;
        while (at < words && arena[own + at] === from[start + at]) at++;
        if (at === words) {
          this.#update(cell, value);
          return;
        }
      }
      slot = (slot + 1) & mask;
    }
    this.#insert(slot, from, start, sizeBytes, hash, value);
  }

  totalOf(cell: number): number {
    return this.doubles[(cell + totalWord) >>> 1] ?? 0;
  }

  /** Values seen, for a mean. */
  countOf(cell: number): number {
    return this.doubles[(cell + countWord) >>> 1] ?? 0;
  }

  hashOf(cell: number): number {
    return this.arena[cell] ?? 0;
  }

  sizeOf(cell: number): number {
    return this.arena[cell + 1] ?? 0;
  }

  /** Position of the cell after this one. */
  after(cell: number): number {
    return cell + this.#cellWords(this.sizeOf(cell));
  }

  #cellWords(sizeBytes: number): number {
    return (this.headerWords + ((sizeBytes + 3) >>> 2) + 1) & ~1;
  }

  #update(cell: number, value: number): void {
    const doubles = this.doubles;
    const at = (cell + totalWord) >>> 1;
    const total = doubles[at] ?? 0;
    if (this.#isAdding) {
      doubles[at] = total + value;
      if (this.headerWords > countWord) doubles[at + 1] = (doubles[at + 1] ?? 0) + 1;
    } else if (this.aggregate === "min") {
      doubles[at] = Math.min(total, value);
    } else {
      doubles[at] = Math.max(total, value);
    }
  }

  #insert(
    slot: number,
    from: Int32Array,
    start: number,
    sizeBytes: number,
    hash: number,
    value: number,
  ): void {
    const cell = this.usedWords;
    const end = cell + this.#cellWords(sizeBytes);
    if (end > this.arena.length) this.#growArena(end);
    const arena = this.arena;
    arena[cell] = hash;
    arena[cell + 1] = sizeBytes;
    this.doubles[(cell + totalWord) >>> 1] = value;
    if (this.headerWords > countWord) this.doubles[(cell + countWord) >>> 1] = 1;
    const own = cell + this.headerWords;
    const words = (sizeBytes + 3) >>> 2;
    for (let at = 0; at < words; at++) arena[own + at] = from[start + at] ?? 0;
    this.usedWords = end;
    this.#slots[slot * 2] = hash;
    this.#slots[slot * 2 + 1] = cell + 1;
    this.count++;
    if (this.count * 2 > this.#mask) this.#growSlots();
  }

  #growArena(needed: number): void {
    const grown = new Int32Array(Math.max(needed + (needed & 1), this.arena.length * 2));
    grown.set(this.arena);
    this.arena = grown;
    this.doubles = new Float64Array(grown.buffer);
  }

  #growSlots(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      let slot = (old[at] ?? 0) & mask;
      while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
      slots[slot * 2] = old[at] ?? 0;
      slots[slot * 2 + 1] = old[at + 1] ?? 0;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}
