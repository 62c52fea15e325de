import { encodeKey } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import {
  CombineKernel,
  kernelKeyBytesMax,
  type Operation,
  type TakeCell,
  type WordRules,
} from "./kernel/combine-kernel.js";
import { checkSizes } from "./sort-arena.js";

/** Longer texts are encoded by the native encoder instead of a loop. */
const loopCharsMax = 64;
/** Words that a staged record of the loop may need: head, key, value. */
const loopWordsMax = 1 + loopCharsMax / 4 + 2;
const hasValue = 1 << 31;
/** Of a key that is too large for the kernel: the entry of the map around it. */
const largeKeyExtraBytes = 200;

/** Folds emitted numbers by key in bounded memory. Values of one key are folded in order of arrival. */
export class CombineTable {
  #addedCount = 0;
  #splitCount = 0;
  readonly #kernel: CombineKernel;
  readonly #operations: readonly Operation[];
  /** Words of the staging area in use. */
  #staged = 0;
  readonly #scratch = new Scratch(1024);
  readonly #double = new Float64Array(1);
  readonly #doubleWords = new Int32Array(this.#double.buffer);
  /** Keys too large for the kernel, by their bytes as Latin-1. */
  readonly #large = new Map<string, Float64Array>();
  #largeBytes = 0;
  #foldedBytes = 0;
  #hasMarked = false;

  /**
   * @param kernel perhaps used by a table before; this one has it now
   * @param tableBytes beyond which it will be drained
   */
  constructor(
    operations: readonly Operation[],
    kernel: CombineKernel = new CombineKernel(),
    tableBytes = Infinity,
  ) {
    this.#operations = operations;
    this.#kernel = kernel;
    kernel.reset(operations, tableBytes);
  }

  /** Records added so far. */
  get recordCount(): number {
    return this.#addedCount + this.#kernel.recordCount + this.#splitCount;
  }

  /** Bytes of the tables and of what waits to be folded into them. */
  get usedBytes(): number {
    return this.#foldedBytes + this.#staged * 4;
  }

  addText(key: string, value: number): void {
    const size = key.length;
    if (size > loopCharsMax) {
      this.addKey(key, value);
      return;
    }
    const kernel = this.#kernel;
    if (this.#staged + loopWordsMax > kernel.stagingWords) this.#fold();
    const words = kernel.staging;
    const head = this.#staged;
    let to = head + 1;
    let at = 0;
    let seen = 0;
    for (; at + 4 <= size; at += 4) {
      const a = key.charCodeAt(at);
      const b = key.charCodeAt(at + 1);
      const c = key.charCodeAt(at + 2);
      const d = key.charCodeAt(at + 3);
      seen |= a | b | c | d;
      words[to++] = a | (b << 8) | (c << 16) | (d << 24);
    }
    if (at < size) {
      let word = 0;
      for (let shift = 0; at < size; at++, shift += 8) {
        const code = key.charCodeAt(at);
        seen |= code;
        word |= code << shift;
      }
      words[to++] = word;
    }
    if (seen > 0x7f) {
      this.addKey(key, value);
      return;
    }
    this.#stage(head, to, size, value);
  }

  /** A key that is encoded already. */
  addBytes(bytes: Buffer, start: number, end: number, value: number): void {
    const size = end - start;
    if (size > kernelKeyBytesMax) {
      this.#addLarge(bytes, start, end, value);
      return;
    }
    const kernel = this.#kernel;
    const padded = (size + 3) >>> 2;
    if (this.#staged + padded + 3 > kernel.stagingWords) this.#fold();
    const words = kernel.staging;
    const head = this.#staged;
    let to = head + 1;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      words[to++] =
        (bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24);
    }
    if (at < end) {
      let word = 0;
      for (let shift = 0; at < end; at++, shift += 8) word |= (bytes[at] ?? 0) << shift;
      words[to++] = word;
    }
    this.#stage(head, to, size, value);
  }

  addKey(key: string | number | Uint8Array, value: number): void {
    const scratch = this.#scratch;
    scratch.length = 0;
    encodeKey(scratch, key);
    this.addBytes(scratch.bytes, 0, scratch.length, value);
  }

  /**
   * Adds 1 for each word of `bytes[start, end)`; see `CombineKernel.takeWords`.
   * @param onException takes the place of a run that is left to the caller
   * @returns how many line feeds were passed
   */
  addWords(
    bytes: Buffer,
    start: number,
    end: number,
    rules: WordRules,
    onException: (start: number, end: number) => void,
  ): number {
    this.#hasMarked ||= rules.marks;
    const lineFeeds = this.#kernel.takeWords(bytes, start, end, rules, onException);
    this.#foldedBytes = this.#kernel.usedBytes + this.#largeBytes;
    return lineFeeds;
  }

  /** The most bytes that `addWords` takes at once. */
  get wordsBytesMax(): number {
    return this.#kernel.inputBytesMax;
  }

  /**
   * Whether runs may be marked: a marked run stands for so many texts as it occurred, which only a sum
   * can take back.
   */
  get canMark(): boolean {
    return this.#operations.length === 1 && this.#operations[0] === "add";
  }

  /** Hands every key's cell to `take`, and empties the table. @param split the texts in a marked run */
  drain(
    take: TakeCell,
    split?: (bytes: Buffer, start: number, end: number) => readonly string[],
  ): void {
    this.#fold();
    if (this.#hasMarked && split !== undefined) this.#splitMarked(split);
    this.#kernel.drain(take);
    for (const [key, totals] of this.#large) {
      const bytes = Buffer.from(key, "latin1");
      take(bytes, 0, bytes.length, totals, 0);
    }
    this.#large.clear();
    this.#largeBytes = 0;
    this.#foldedBytes = 0;
  }

  /** The texts of a run are added while others wait: strings of all of them would take far more than the table. */
  #splitMarked(split: (bytes: Buffer, start: number, end: number) => readonly string[]): void {
    const count = this.#addedCount;
    this.#kernel.takeMarked((bytes, start, end, totals, at) => {
      const total = totals[at] ?? 0;
      const texts = split(bytes, start, end);
      for (const text of texts) this.addText(text, total);
      // A run was counted as one record each time; its texts are the records.
      this.#splitCount += (texts.length - 1) * total;
    });
    this.#addedCount = count;
    this.#fold();
  }

  #stage(head: number, end: number, size: number, value: number): void {
    const words = this.#kernel.staging;
    let to = end;
    if (value === 1) {
      words[head] = size;
    } else {
      words[head] = size | hasValue;
      this.#double[0] = value;
      words[to++] = this.#doubleWords[0] ?? 0;
      words[to++] = this.#doubleWords[1] ?? 0;
    }
    this.#staged = to;
    this.#addedCount++;
  }

  #fold(): void {
    if (this.#staged > 0) this.#kernel.takeStaged(this.#staged);
    this.#staged = 0;
    this.#foldedBytes = this.#kernel.usedBytes + this.#largeBytes;
  }

  #addLarge(bytes: Buffer, start: number, end: number, value: number): void {
    checkSizes(end - start, 0);
    this.#addedCount++;
    const key = bytes.latin1Slice(start, end);
    const totals = this.#large.get(key);
    if (totals === undefined) {
      this.#large.set(
        key,
        Float64Array.from(this.#operations, (one) => (one === "count" ? 1 : value)),
      );
      this.#largeBytes += end - start + largeKeyExtraBytes;
      this.#foldedBytes = this.#kernel.usedBytes + this.#largeBytes;
      return;
    }
    this.#operations.forEach((operation, at) => {
      totals[at] = folded(operation, totals[at] ?? 0, value);
    });
  }
}

function folded(operation: Operation, total: number, value: number): number {
  switch (operation) {
    case "add":
      return total + value;
    case "count":
      return total + 1;
    case "min":
      return Math.min(total, value);
    case "max":
      return Math.max(total, value);
  }
}
