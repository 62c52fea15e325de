import { scramble } from "./random.js";

/** Ranks run from 1 (the most frequent word) to 2^20 - 1. */
export const rankBits = 20;
/** Words of these ranks lie in a table that fits a core's cache; the rest are composed each time. */
const headRanks = 1 << 14;
/** Bytes that `write` may touch after `at`, whatever the length of the word. */
export const wordRoomBytes = 16;

/** Letters of a word per octave of its rank: frequent words are short, the mean over text is 4.5. */
const lengths = Uint8Array.from("22333344445555566678", Number);
/** Added to the length by chance, so that rank does not give it away. */
const variations = new Int8Array([0, 0, 1, -1]);
/** 64 letters about as frequent as in English, so that six random bits choose one. */
const letters = "eeeeeeetttttaaaaaoooooiiiiinnnnnssssshhhhrrrrddllllcuumwfgypbvkx";
/** Two bytes each in UTF-8, and a lower-case letter in every tool's eyes. */
const accented = "éèüöäñçåøæžłπλжд";
/** The words of this octave and rarer ones may carry an accent; one in 64 does, 1 % of a text. */
const accentedFromOctave = 5;

const accentedBytes = Buffer.from(accented, "utf8");
/** Two letters for twelve bits, in the order of bytes that a little-endian store wants. */
const pairs = Uint16Array.from(
  { length: 4096 },
  (_, bits) => letters.charCodeAt(bits & 63) | (letters.charCodeAt(bits >> 6) << 8),
);

/** A vocabulary of about a million words made up of letters only, lower-case, 1 % beyond ASCII. */
export class Vocabulary {
  readonly #head = new Uint32Array(headRanks * 4);

  constructor() {
    const scratch = Buffer.alloc(wordRoomBytes);
    const view = new DataView(scratch.buffer, scratch.byteOffset, wordRoomBytes);
    const taken = new Set<string>();
    for (let rank = 1; rank < headRanks; rank++) {
      let salt = 0;
      let end = 0;
      let word = "";
      do {
        end = compose(view, 0, rank, salt++);
        word = scratch.toString("latin1", 0, end);
      } while (taken.has(word));
      taken.add(word);
      for (let part = 0; part < 3; part++) {
        this.#head[rank * 4 + part] = view.getUint32(part * 4, true);
      }
      this.#head[rank * 4 + 3] = end;
    }
  }

  /**
   * Writes the word of a rank. Bytes after it are overwritten too, up to `wordRoomBytes` from `at`:
   * stores of fixed size are several times as fast as a loop over the letters.
   * @returns the position after its last byte
   */
  write(target: DataView, at: number, rank: number): number {
    if (rank >= headRanks) return compose(target, at, rank, 0);
    const head = this.#head;
    const from = rank * 4;
    target.setUint32(at, head[from] ?? 0, true);
    target.setUint32(at + 4, head[from + 1] ?? 0, true);
    target.setUint32(at + 8, head[from + 2] ?? 0, true);
    return at + (head[from + 3] ?? 0);
  }
}

function compose(target: DataView, at: number, rank: number, salt: number): number {
  const octave = 31 - Math.clz32(rank);
  const first = scramble(rank + Math.imul(salt, 0x9e3779b9));
  const second = scramble(first ^ 0x5bd1e995);
  target.setUint16(at, pairs[first & 4095] ?? 0, true);
  target.setUint16(at + 2, pairs[(first >>> 12) & 4095] ?? 0, true);
  target.setUint16(at + 4, pairs[second & 4095] ?? 0, true);
  target.setUint16(at + 6, pairs[(second >>> 12) & 4095] ?? 0, true);
  target.setUint8(at + 8, letters.charCodeAt(first >>> 26));
  if (octave < accentedFromOctave) return at + (lengths[octave] ?? 2);
  const length = (lengths[octave] ?? 8) + (variations[(first >>> 24) & 3] ?? 0);
  if (second >>> 26 !== 0) return at + length;
  // The accent stands in place of the last letter, where nothing has to be moved.
  const accent = (second & 15) * 2;
  target.setUint8(at + length - 1, accentedBytes[accent] ?? 0);
  target.setUint8(at + length, accentedBytes[accent + 1] ?? 0);
  return at + length + 1;
}
