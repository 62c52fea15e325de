import { fault } from "#shared/errors/fault";

const quote = 34;
const backslash = 92;
const comma = 44;
const colon = 58;
const openBrace = 123;
const closeBrace = 125;
const openBracket = 91;
const closeBracket = 93;
const minus = 45;
const point = 46;

/** Deeper values are refused: the scan calls itself. */
const depthMax = 500;

/**
 * Walks over JSON text in bytes without making values of it, as strictly as `JSON.parse`. Every method
 * begins at `at` and leaves it behind what it passed.
 * @see RFC 8259
 */
export class JsonScan {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** Of the last string: whether it has a backslash, so that its bytes are not yet its text. */
  hasEscapes = false;
  #depth = 0;

  begin(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#depth = 0;
  }

  /** Spaces, tabs, line feeds, carriage returns. */
  passSpace(): void {
    const { bytes, end } = this;
    let { at } = this;
    while (at < end) {
      const byte = bytes[at];
      if (byte !== 32 && byte !== 9 && byte !== 10 && byte !== 13) break;
      at++;
    }
    this.at = at;
  }

  /** The byte at hand, or -1 at the end. */
  peek(): number {
    return this.at < this.end ? (this.bytes[this.at] ?? 0) : -1;
  }

  /** Whether the byte at hand is this one; passes it then. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  expect(byte: number): void {
    if (!this.take(byte)) throw this.broken();
  }

  /** From the opening quote to behind the closing one. */
  passString(): void {
    this.expect(quote);
    const { bytes, end } = this;
    let { at } = this;
    this.hasEscapes = false;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === quote) {
        this.at = at + 1;
        return;
      }
      if (byte < 32) break;
      if (byte !== backslash) continue;
      this.hasEscapes = true;
      at = this.#passEscape(at + 1);
    }
    this.at = at;
    throw this.broken();
  }

  /** @returns the last position of the escape whose letter is at `at` */
  #passEscape(at: number): number {
    const { bytes, end } = this;
    const letter = at < end ? String.fromCharCode(bytes[at] ?? 0) : "";
    if (letter === "u") {
      for (let digit = at + 1; digit <= at + 4; digit++) {
        const byte = digit < end ? (bytes[digit] ?? 0) : 0;
        const isHex = (byte >= 48 && byte <= 57) || ((byte | 32) >= 97 && (byte | 32) <= 102);
        if (!isHex) throw this.broken();
      }
      return at + 4;
    }
    if (letter === "" || !'"\\/bfnrt'.includes(letter)) throw this.broken();
    return at;
  }

  /** Any value. */
  passValue(): void {
    const byte = this.peek();
    if (byte === quote) this.passString();
    else if (byte === openBrace) this.#passObject();
    else if (byte === openBracket) this.#passArray();
    else if (byte === minus || (byte >= 48 && byte <= 57)) this.#passNumber();
    else if (byte === 116) this.#passWord("true");
    else if (byte === 102) this.#passWord("false");
    else this.#passWord("null");
  }

  #passObject(): void {
    this.#enter();
    this.at++;
    this.passSpace();
    if (this.take(closeBrace)) return this.#leave();
    for (;;) {
      this.passSpace();
      this.passString();
      this.passSpace();
      this.expect(colon);
      this.passSpace();
      this.passValue();
      this.passSpace();
      if (this.take(comma)) continue;
      this.expect(closeBrace);
      return this.#leave();
    }
  }

  #passArray(): void {
    this.#enter();
    this.at++;
    this.passSpace();
    if (this.take(closeBracket)) return this.#leave();
    for (;;) {
      this.passSpace();
      this.passValue();
      this.passSpace();
      if (this.take(comma)) continue;
      this.expect(closeBracket);
      return this.#leave();
    }
  }

  #passNumber(): void {
    this.take(minus);
    if (!this.take(48)) this.#passDigits();
    if (this.take(point)) this.#passDigits();
    if (this.take(101) || this.take(69)) {
      if (!this.take(minus)) this.take(43);
      this.#passDigits();
    }
  }

  #passDigits(): void {
    const { bytes, end, at: start } = this;
    let at = start;
    while (at < end && (bytes[at] ?? 0) >= 48 && (bytes[at] ?? 0) <= 57) at++;
    this.at = at;
    if (at === start) throw this.broken();
  }

  #passWord(word: string): void {
    for (let index = 0; index < word.length; index++) this.expect(word.charCodeAt(index));
  }

  #enter(): void {
    this.#depth++;
    if (this.#depth > depthMax)
      throw fault("MR_INPUT_CORRUPT", "JSON is nested too deeply", { depthMax });
  }

  #leave(): void {
    this.#depth--;
  }

  broken(): Error {
    return fault("MR_INPUT_CORRUPT", "line is not JSON");
  }
}
