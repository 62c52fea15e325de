import { keyKinds, readOrderedNumber, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeNumber, valueTags } from "#shared/format/value";
import { wtf8BytesMax, writeWtf8 } from "#shared/format/wtf8";
import type { PartBytes } from "./part-bytes.js";
import { BufferedPart, type PartBuffers } from "./part-writer.js";
import { copyBytes, numberBytesMax, writeNumber } from "./text-bytes.js";

const quote = 34;
const space = 32;
const lineFeed = 10;
const carriageReturn = 13;

export interface CsvOptions {
  /** One ASCII character. */
  readonly delimiter: string;
  /** First row of the part. */
  readonly header: readonly string[] | null;
}

/**
 * Rows of fields, LF behind each. The fields of a record: the key unless it is empty, then the elements of an
 * array, the members of an object, or the value itself. A field is quoted only where it must be.
 * @see RFC 4180
 */
export class CsvPart extends BufferedPart {
  readonly #delimiter: number;
  /** 1 for every byte that makes quotes needed. */
  readonly #needsQuotes = new Uint8Array(256);
  /** A field that is no text or bytes, as text. */
  readonly #text = new Scratch(64);
  /** Of the present row so far. */
  #columns = 0;
  #isRowEmpty = true;

  constructor(bytes: PartBytes, buffers: PartBuffers, options: CsvOptions) {
    super(bytes, buffers);
    this.#delimiter = options.delimiter.charCodeAt(0);
    for (const byte of [this.#delimiter, quote, lineFeed, carriageReturn]) {
      this.#needsQuotes[byte] = 1;
    }
    if (options.header !== null) {
      for (const name of options.header) this.#addText(name);
      this.#endRow();
    }
  }

  add(
    keyKind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const tag = valueBytes[valueStart];
    const fields =
      tag === valueTags.json ? parseFields(valueBytes, valueStart + 1, valueEnd) : null;
    if (keyKind === keyKinds.number) this.#addNumber(readOrderedNumber(keyBytes, keyStart));
    else if (keyEnd > keyStart) this.#addBytes(keyBytes, keyStart, keyEnd);
    if (fields !== null) {
      for (const field of fields) this.#addField(field);
    } else if (tag === valueTags.string || tag === valueTags.bytes) {
      this.#addBytes(valueBytes, valueStart + 1, valueEnd);
    } else {
      this.#addScalar(tag, valueBytes, valueStart);
    }
    this.#endRow();
    this.records++;
  }

  #addScalar(tag: number | undefined, bytes: Buffer, start: number): void {
    if (tag === valueTags.null) this.#addText("");
    else if (tag === valueTags.true) this.#addText("true");
    else if (tag === valueTags.false) this.#addText("false");
    else this.#addNumber(decodeNumber(bytes, start));
  }

  #addField(field: unknown): void {
    if (typeof field === "string") this.#addText(field);
    else if (typeof field === "number") this.#addNumber(field);
    else this.#addText(field === null ? "" : JSON.stringify(field));
  }

  #addText(value: string): void {
    const text = this.#text;
    text.length = 0;
    const end = writeWtf8(text.reserve(wtf8BytesMax(value)), 0, value);
    this.#addBytes(text.bytes, 0, end);
  }

  #addNumber(value: number): void {
    const text = this.#text;
    text.length = 0;
    this.#addBytes(text.bytes, 0, writeNumber(text.reserve(numberBytesMax), 0, value));
  }

  #addBytes(from: Buffer, start: number, end: number): void {
    const isQuoted = this.#isQuoted(from, start, end);
    const out = this.reserve((isQuoted ? 2 : 1) * (end - start) + 3);
    let { at } = this;
    if (this.#columns++ > 0) out[at++] = this.#delimiter;
    if (end > start) this.#isRowEmpty = false;
    this.at = isQuoted
      ? writeQuoted(out, at, from, start, end)
      : copyBytes(out, at, from, start, end);
  }

  #isQuoted(from: Buffer, start: number, end: number): boolean {
    if (end === start) return false;
    if (from[start] === space || from[end - 1] === space) return true;
    const needsQuotes = this.#needsQuotes;
    for (let index = start; index < end; index++) {
      if (needsQuotes[from[index] ?? 0] === 1) return true;
    }
    return false;
  }

  /** A row of one empty field is written as quotes: most readers skip an empty line. */
  #endRow(): void {
    const out = this.reserve(3);
    if (this.#isRowEmpty && this.#columns <= 1) {
      out[this.at++] = quote;
      out[this.at++] = quote;
    }
    out[this.at++] = lineFeed;
    this.#columns = 0;
    this.#isRowEmpty = true;
  }
}

/** The elements of an array, or the members of an object in their order. */
function parseFields(bytes: Buffer, start: number, end: number): unknown[] {
  const value = JSON.parse(bytes.utf8Slice(start, end)) as object;
  return Array.isArray(value) ? (value as unknown[]) : Object.values(value);
}

function writeQuoted(out: Buffer, at: number, from: Buffer, start: number, end: number): number {
  let position = at;
  out[position++] = quote;
  for (let index = start; index < end; index++) {
    const byte = from[index] ?? 0;
    if (byte === quote) out[position++] = quote;
    out[position++] = byte;
  }
  out[position++] = quote;
  return position;
}
