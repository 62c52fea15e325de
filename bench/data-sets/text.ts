import { Random } from "./random.js";
import { rankBits, Vocabulary, wordRoomBytes } from "./vocabulary.js";

const space = 0x20;
const newline = 0x0a;
const blockBytes = 1024 * 1024;
/** Bytes of the last, odd word at most: what is left when no further word and line end fit surely. */
const restBytes = wordRoomBytes + 2;
/** Steps of the table of powers of two; between them it is interpolated. */
const powerSteps = 1024;

/**
 * Text whose words follow Zipf's law with exponent 1 over a vocabulary of a million: rank r is drawn
 * with a probability proportional to 1/r, because its logarithm is drawn evenly. Words are parted by
 * one space, lines have 8 to 14 of them, the last line ends with a newline.
 */
export class TextGenerator {
  readonly #random: Random;
  readonly #vocabulary = new Vocabulary();
  readonly #powers = new Float64Array(powerSteps + 2);
  #wordsLeftInLine: number;
  #bytesLeft: number;
  wordCount = 0;
  lineCount = 0;

  constructor(seed: number, sizeBytes: number) {
    this.#random = new Random(seed);
    this.#bytesLeft = sizeBytes;
    for (let step = 0; step < this.#powers.length; step++) {
      this.#powers[step] = 2 ** (step / powerSteps);
    }
    this.#wordsLeftInLine = this.#lineLength();
  }

  /** The whole text block by block. A block is valid until the next one is asked for. */
  *blocks(): Generator<Uint8Array> {
    const block = Buffer.allocUnsafe(blockBytes);
    while (this.#bytesLeft > 0) {
      const end = this.#fill(block);
      yield block.subarray(0, end);
    }
  }

  #fill(block: Buffer): number {
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const random = this.#random;
    const vocabulary = this.#vocabulary;
    const limit = Math.min(blockBytes - restBytes, this.#bytesLeft - restBytes);
    let at = 0;
    let words = 0;
    let wordsLeft = this.#wordsLeftInLine;
    while (at < limit) {
      at = vocabulary.write(view, at, this.#rank(random.next() >>> 0));
      words++;
      if (--wordsLeft > 0) {
        view.setUint8(at++, space);
      } else {
        view.setUint8(at++, newline);
        wordsLeft = this.#lineLength();
        this.lineCount++;
      }
    }
    this.#wordsLeftInLine = wordsLeft;
    this.wordCount += words;
    this.#bytesLeft -= at;
    return this.#bytesLeft <= restBytes ? this.#finish(block, at) : at;
  }

  /** Fills the text up to its exact size with one word and the last newline. */
  #finish(block: Uint8Array, from: number): number {
    const end = from + this.#bytesLeft;
    block.fill(0x61, from, end - 1);
    if (end > from) block[end - 1] = newline;
    if (end - from > 1) this.wordCount++;
    this.lineCount++;
    this.#bytesLeft = 0;
    return end;
  }

  #rank(bits: number): number {
    const logarithm = (bits / 0x1_0000_0000) * rankBits;
    const octave = Math.floor(logarithm);
    const place = (logarithm - octave) * powerSteps;
    const step = Math.floor(place);
    const low = this.#powers[step] ?? 1;
    const high = this.#powers[step + 1] ?? 1;
    return Math.floor((low + (high - low) * (place - step)) * (1 << octave));
  }

  #lineLength(): number {
    return 8 + this.#random.below(7);
  }
}
