import type { WordsOptions } from "#shared/authoring/mappers";
import { readWtf8 } from "#shared/format/wtf8";
import { CombineEmitter, type Emitter } from "../emitter.js";
import type { WordRules } from "../kernel/combine-kernel.js";
import type { ByteMapper } from "./byte-mapper.js";

const lineFeed = 10;
const letterRuns = /\p{L}+/gu;

/** Of each byte: -1 outside of words, otherwise the byte, in lower case where words are folded. */
function classesOf({ bySpace, lowerCase }: Pick<WordRules, "bySpace" | "lowerCase">): Int16Array {
  const classes = new Int16Array(256).fill(-1);
  for (let byte = 0; byte < 256; byte++) {
    const isLetter = (byte | 32) >= 97 && (byte | 32) <= 122;
    const isSpace = byte === 32 || (byte >= 9 && byte <= 13);
    const isUpper = byte >= 65 && byte <= 90;
    if (byte < 128 && (bySpace ? isSpace : !isLetter)) continue;
    classes[byte] = isUpper && lowerCase ? byte + 32 : byte;
  }
  return classes;
}

/**
 * The words of blocks of whole lines. Runs of ASCII are folded in the kernel where the job combines by a
 * table, and emitted as bytes otherwise. Runs with bytes beyond ASCII are read as text, which is exact
 * for every alphabet: in a table once for each different run, when it is emptied.
 */
export class WordMapper implements ByteMapper {
  readonly #emitter: Emitter;
  readonly #rules: WordRules;
  readonly #classes: Int16Array;
  #bytes: Buffer = Buffer.alloc(0);
  #word = Buffer.alloc(1024);
  readonly #onException = (start: number, end: number): void => this.#emitRun(start, end);

  constructor({ by = "letters", lowerCase = true }: WordsOptions, emitter: Emitter) {
    this.#emitter = emitter;
    const bySpace = by === "space";
    const isPlain = bySpace && !lowerCase;
    const marks = !isPlain && emitter instanceof CombineEmitter && emitter.canMark;
    this.#rules = { bySpace, lowerCase, isPlain, marks };
    if (emitter instanceof CombineEmitter && marks) {
      emitter.splitRun = (bytes, start, end) => this.#split(readWtf8(bytes, start, end));
    }
    this.#classes = classesOf(this.#rules);
  }

  map(bytes: Buffer, start: number, end: number): number {
    if (end === start) return 0;
    this.#bytes = bytes;
    const isOpen = bytes[end - 1] === lineFeed ? 0 : 1;
    const emitter = this.#emitter;
    if (!(emitter instanceof CombineEmitter)) return this.#emitWords(start, end) + isOpen;
    let lines = isOpen;
    for (let at = start; at < end;) {
      const pieceEnd = this.#pieceEnd(at, Math.min(end, at + emitter.wordsBytesMax), end);
      lines += emitter.emitWords(bytes, at, pieceEnd, this.#rules, this.#onException);
      at = pieceEnd;
      if (at < end) at = this.#passGiant(at, end);
    }
    return lines;
  }

  /** The last place up to `limit` that no word reaches across; `start` where there is none. */
  #pieceEnd(start: number, limit: number, end: number): number {
    if (limit === end) return end;
    let at = limit;
    while (at > start && this.#isInWord(at - 1)) at--;
    return at;
  }

  #isInWord(at: number): boolean {
    return (this.#classes[this.#bytes[at] ?? 0] ?? 0) >= 0;
  }

  /** Emits a run that begins at `start` if it is too long for a piece. @returns where to go on */
  #passGiant(start: number, end: number): number {
    let at = start;
    while (at < end && this.#isInWord(at)) at++;
    const emitter = this.#emitter;
    if (!(emitter instanceof CombineEmitter) || at - start < emitter.wordsBytesMax) return start;
    this.#emitRun(start, at);
    return at;
  }

  /** Without a table: word by word. @returns how many line feeds were passed */
  #emitWords(start: number, end: number): number {
    const bytes = this.#bytes;
    const classes = this.#classes;
    const isPlain = this.#rules.isPlain;
    let lines = 0;
    for (let at = start; at < end;) {
      if ((classes[bytes[at] ?? 0] ?? 0) < 0) {
        if (bytes[at] === lineFeed) lines++;
        at++;
        continue;
      }
      const runStart = at;
      let seen = 0;
      for (; at < end; at++) {
        const byte = classes[bytes[at] ?? 0] ?? 0;
        if (byte < 0) break;
        seen |= byte;
      }
      if (seen < 0x80 || isPlain) this.#emitPlain(runStart, at);
      else this.#emitRun(runStart, at);
    }
    return lines;
  }

  #emitPlain(start: number, end: number): void {
    const size = end - start;
    if (size > this.#word.length) this.#word = Buffer.alloc(size * 2);
    const bytes = this.#bytes;
    const word = this.#word;
    for (let at = 0; at < size; at++) word[at] = this.#classes[bytes[start + at] ?? 0] ?? 0;
    this.#emitter.emitText(word, 0, size, 1);
  }

  /** The words of a run that text is needed for. */
  #emitRun(start: number, end: number): void {
    for (const word of this.#split(readWtf8(this.#bytes, start, end))) this.#emitter.emit(word, 1);
  }

  #split(run: string): readonly string[] {
    const { bySpace, lowerCase } = this.#rules;
    const found = bySpace ? [run] : (run.match(letterRuns) ?? []);
    return lowerCase ? found.map((word) => word.toLowerCase()) : found;
  }
}
