import { encodeKey } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import type { AggregateName } from "#worker/runs/accumulator";
import { hashBytes, hashEnd, hashSeed, hashWord } from "#worker/runs/hash";
import { CombineCells } from "./combine-cells.js";
import { checkSizes } from "./sort-arena.js";

/**
 * Records wait in one of so many lanes, chosen by the top bits of their hash, until a thousand or so
 * can be folded into that lane's own table at once: the table is then in the cache for all of them.
 * One large table instead costs a cache miss a record.
 */
const laneBits = 10;
const laneCount = 1 << laneBits;
/** Words of a lane: about a thousand short words. */
const laneWords = 4096;
/** A longer key goes straight to its table: nine bits hold the size. */
const laneKeyBytesMax = 511;
/** Longer texts are encoded by the native encoder instead of a loop. */
const loopCharsMax = 64;
/**
 * First word of a record: the hash's low bits, whose top bits are the lane's number; above them the
 * key's size, and whether the value is not 1 and follows the key in two words.
 */
const hashBits = 32 - laneBits;
const hashMask = (1 << hashBits) - 1;
const hasValue = 1 << 31;

/** Room for what waits to be folded: 16 MiB, too much to make for every small task. */
export function makeLanes(): Int32Array {
  return new Int32Array(laneCount * laneWords);
}

/** Folds emitted numbers by key in bounded memory. Values of one key are folded in order of arrival. */
export class CombineTable {
  recordCount = 0;
  /** Bytes of the tables; what waits in the lanes is bounded by their fixed size. */
  usedBytes = 0;
  /** Made when a lane is first folded: a small job touches few lanes. */
  readonly #cells = new Array<CombineCells | undefined>(laneCount);
  /** Per record: its first word, the key's words, perhaps the value. */
  readonly #lanes: Int32Array;
  readonly #used = new Int32Array(laneCount);
  readonly #scratch = new Scratch(1024);
  readonly #words = new Int32Array(loopCharsMax / 4 + 1);
  readonly #double = new Float64Array(1);
  readonly #doubleWords = new Int32Array(this.#double.buffer);

  /** @param lanes as from `makeLanes`, perhaps used by a table before */
  constructor(
    readonly aggregate: AggregateName,
    lanes: Int32Array = makeLanes(),
  ) {
    this.#lanes = lanes;
  }

  addText(key: string, value: number): void {
    const size = key.length;
    if (size > loopCharsMax) {
      this.addKey(key, value);
      return;
    }
    const words = this.#words;
    let hash = hashSeed;
    let seen = 0;
    let at = 0;
    let count = 0;
    for (; at + 4 <= size; at += 4) {
      const a = key.charCodeAt(at);
      const b = key.charCodeAt(at + 1);
      const c = key.charCodeAt(at + 2);
      const d = key.charCodeAt(at + 3);
      seen |= a | b | c | d;
      const word = a | (b << 8) | (c << 16) | (d << 24);
      words[count++] = word;
      hash = hashWord(hash, word);
    }
    if (at < size) {
      let word = 0;
      for (let shift = 0; at < size; at++, shift += 8) {
        const code = key.charCodeAt(at);
        seen |= code;
        word |= code << shift;
      }
      words[count++] = word;
      hash = hashWord(hash, word);
    }
    if (seen > 0x7f) this.addKey(key, value);
    else this.#append(words, count, size, hashEnd(hash, size), value);
  }

  addKey(key: string | number | Uint8Array, value: number): void {
    const scratch = this.#scratch;
    scratch.length = 0;
    encodeKey(scratch, key);
    const size = scratch.length;
    const hash = hashBytes(scratch.bytes, 0, size);
    scratch.reserve(4).fill(0, size, size + 4);
    const count = (size + 3) >>> 2;
    const words = new Int32Array(scratch.bytes.buffer, scratch.bytes.byteOffset, count);
    if (size <= laneKeyBytesMax) {
      this.#append(words, count, size, hash, value);
      return;
    }
    checkSizes(size, 0);
    const lane = hash >>> (32 - laneBits);
    this.#fold(lane);
    const cells = this.#cellsOf(lane);
    const before = cells.bytes;
    cells.fold(words, 0, size, hash, value);
    this.usedBytes += cells.bytes - before;
    this.recordCount++;
  }

  /** Hands every key's cell to `take`, with its key `bytes[keyStart, keyEnd)`, and empties the table. */
  drain(
    take: (
      cells: CombineCells,
      cell: number,
      bytes: Buffer,
      keyStart: number,
      keyEnd: number,
    ) => void,
  ): void {
    for (let lane = 0; lane < laneCount; lane++) {
      this.#fold(lane);
      const cells = this.#cells[lane];
      if (cells === undefined) continue;
      const bytes = Buffer.from(cells.arena.buffer);
      for (let cell = 0; cell < cells.usedWords; cell = cells.after(cell)) {
        const keyStart = (cell + cells.headerWords) * 4;
        take(cells, cell, bytes, keyStart, keyStart + cells.sizeOf(cell));
      }
      this.#cells[lane] = undefined;
    }
    this.usedBytes = 0;
  }

  #cellsOf(lane: number): CombineCells {
    let cells = this.#cells[lane];
    if (cells === undefined) {
      cells = new CombineCells(this.aggregate);
      this.#cells[lane] = cells;
      this.usedBytes += cells.bytes;
    }
    return cells;
  }

  #append(words: Int32Array, count: number, size: number, hash: number, value: number): void {
    const lane = hash >>> (32 - laneBits);
    if ((this.#used[lane] ?? 0) + count + 4 > laneWords) this.#fold(lane);
    const lanes = this.#lanes;
    const used = this.#used[lane] ?? 0;
    let at = lane * laneWords + used;
    lanes[at++] = (hash & hashMask) | (size << hashBits) | (value === 1 ? 0 : hasValue);
    for (let index = 0; index < count; index++) lanes[at++] = words[index] ?? 0;
    if (value !== 1) {
      this.#double[0] = value;
      lanes[at++] = this.#doubleWords[0] ?? 0;
      lanes[at++] = this.#doubleWords[1] ?? 0;
    }
    this.#used[lane] = at - lane * laneWords;
    this.recordCount++;
  }

  #fold(lane: number): void {
    if (this.#used[lane] === 0) return;
    const cells = this.#cellsOf(lane);
    const before = cells.bytes;
    const lanes = this.#lanes;
    const start = lane * laneWords;
    const end = start + (this.#used[lane] ?? 0);
    for (let at = start; at < end;) {
      const head = lanes[at] ?? 0;
      const hash = (lane << hashBits) | (head & hashMask);
      const size = (head >>> hashBits) & laneKeyBytesMax;
      const key = at + 1;
      at = key + ((size + 3) >>> 2);
      let value = 1;
      if (head < 0) {
        this.#doubleWords[0] = lanes[at] ?? 0;
        this.#doubleWords[1] = lanes[at + 1] ?? 0;
        value = this.#double[0] ?? 0;
        at += 2;
      }
      cells.fold(lanes, key, size, hash, value);
    }
    this.#used[lane] = 0;
    this.usedBytes += cells.bytes - before;
  }
}
