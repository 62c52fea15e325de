import type { AggregateName } from "#worker/runs/accumulator";

/** Starting sizes: most tables of a job stay small, and there are hundreds of them. */
const startEntries = 32;
const startWords = 128;

/** Words before a key's own in the arena: its size in bytes, and the index of its total. */
export const cellHeaderWords = 2;

/**
 * One open-addressing hash table from keys to one number (two for a mean), small enough to stay in
 * the processor's cache. Keys are compared word by word; a look-up touches three lines of memory.
 *
 *     slots   per slot: hash, position in the arena plus one (0 is free)
 *     arena   per key: size in bytes, entry index, bytes as little-endian words filled up with zeros
 *     totals  per entry, in order of insertion
 */
export class CombineCells {
  count = 0;
  usedWords = 0;
  arena = new Int32Array(startWords);
  totals = new Float64Array(startEntries);
  /** Values seen, for `mean` alone. */
  counts = new Float64Array(0);
  #slots = new Int32Array(startEntries * 4);
  #mask = startEntries * 2 - 1;

  constructor(readonly aggregate: AggregateName) {
    if (aggregate === "mean") this.counts = new Float64Array(startEntries);
  }

  get bytes(): number {
    const perEntry = this.counts.length === 0 ? 8 : 16;
    return this.arena.length * 4 + this.totals.length * perEntry + this.#slots.length * 4;
  }

  /** Folds `value` into the key of `sizeBytes` bytes at `from[start]`. */
  fold(from: Int32Array, start: number, sizeBytes: number, hash: number, value: number): void {
    const slots = this.#slots;
    const arena = this.arena;
    const mask = this.#mask;
    const words = (sizeBytes + 3) >>> 2;
    let slot = hash & mask;
    for (;;) {
      const position = (slots[slot * 2 + 1] ?? 0) - 1;
      if (position < 0) break;
      if (slots[slot * 2] === hash && arena[position] === sizeBytes) {
        const own = position + cellHeaderWords;
        let at = 0;
        while (at < words && arena[own + at] === from[start + at]) at++;
        if (at === words) {
          this.#update(arena[position + 1] ?? 0, value);
          return;
        }
      }
      slot = (slot + 1) & mask;
    }
    this.#insert(slot, from, start, sizeBytes, hash, value);
  }

  #update(entry: number, value: number): void {
    const totals = this.totals;
    const total = totals[entry] ?? 0;
    if (this.aggregate === "min") {
      totals[entry] = Math.min(total, value);
    } else if (this.aggregate === "max") {
      totals[entry] = Math.max(total, value);
    } else {
      totals[entry] = total + value;
      if (this.counts.length > 0) this.counts[entry] = (this.counts[entry] ?? 0) + 1;
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
    const words = (sizeBytes + 3) >>> 2;
    const position = this.usedWords;
    const needed = position + cellHeaderWords + words;
    if (needed > this.arena.length) this.arena = grownWords(this.arena, needed);
    const arena = this.arena;
    const entry = this.count;
    arena[position] = sizeBytes;
    arena[position + 1] = entry;
    for (let at = 0; at < words; at++)
      arena[position + cellHeaderWords + at] = from[start + at] ?? 0;
    this.usedWords = needed;
    this.#slots[slot * 2] = hash;
    this.#slots[slot * 2 + 1] = position + 1;
    this.totals[entry] = value;
    if (this.counts.length > 0) this.counts[entry] = 1;
    this.count = entry + 1;
    if (this.count === this.totals.length) this.#growEntries();
  }

  #growEntries(): void {
    const entries = this.totals.length * 2;
    this.totals = grownDoubles(this.totals, entries);
    if (this.counts.length > 0) this.counts = grownDoubles(this.counts, entries);
    const old = this.#slots;
    const slots = new Int32Array(entries * 4);
    const mask = entries * 2 - 1;
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

function grownWords(words: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(Math.max(needed, words.length * 2));
  grown.set(words);
  return grown;
}

function grownDoubles(doubles: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(size);
  grown.set(doubles);
  return grown;
}
