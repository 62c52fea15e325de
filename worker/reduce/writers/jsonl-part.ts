import { keyKinds, readOrderedNumber, type KeyKind } from "#shared/format/key";
import { decodeNumber, valueTags } from "#shared/format/value";
import { BufferedPart } from "./part-writer.js";
import {
  copyBytes,
  numberBytesMax,
  wordFieldBytes,
  WordView,
  writeAscii,
  writeNumber,
} from "./text-bytes.js";

const quote = 34;
const backslash = 92;
/** First byte of the code points U+D000 to U+DFFF, of which the second half are surrogates. */
const surrogateLead = 0xed;
const measuredBytes = 64 * 1024;
const hexDigits = Buffer.from("0123456789abcdef");

/** `{"key":…,"value":…}` a line, exactly as `JSON.stringify` writes it; bytes as `{"base64":"…"}`. */
export class JsonlPart extends BufferedPart {
  add(
    keyKind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const room =
      roomFor(keyBytes, keyStart, keyEnd) + roomFor(valueBytes, valueStart, valueEnd) + 64;
    const out = this.reserve(room);
    let at = writeAscii(out, this.at, '{"key":');
    at = writeKey(out, at, keyKind, keyBytes, keyStart, keyEnd);
    at = writeAscii(out, at, ',"value":');
    at = writeValue(out, at, valueBytes, valueStart, valueEnd);
    this.at = writeAscii(out, at, "}\n");
    this.records++;
  }
}

function writeKey(
  out: Buffer,
  at: number,
  kind: KeyKind,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  if (kind === keyKinds.number) return writeJsonNumber(out, at, readOrderedNumber(bytes, start));
  if (kind === keyKinds.bytes) return writeBase64(out, at, bytes, start, end);
  return writeJsonString(out, at, bytes, start, end);
}

function writeValue(out: Buffer, at: number, bytes: Buffer, start: number, end: number): number {
  switch (bytes[start]) {
    case valueTags.string:
      return writeJsonString(out, at, bytes, start + 1, end);
    case valueTags.bytes:
      return writeBase64(out, at, bytes, start + 1, end);
    case valueTags.json:
      return copyBytes(out, at, bytes, start + 1, end);
    case valueTags.null:
      return writeAscii(out, at, "null");
    case valueTags.true:
      return writeAscii(out, at, "true");
    case valueTags.false:
      return writeAscii(out, at, "false");
    default:
      return writeJsonNumber(out, at, decodeNumber(bytes, start));
  }
}

/** JSON has no NaN and no infinities; like `JSON.stringify` this writes null. */
function writeJsonNumber(out: Buffer, at: number, value: number): number {
  return Number.isFinite(value) ? writeNumber(out, at, value) : writeAscii(out, at, "null");
}

function writeBase64(out: Buffer, at: number, bytes: Buffer, start: number, end: number): number {
  let position = writeAscii(out, at, '{"base64":"');
  position += out.write(bytes.toString("base64", start, end), position, "latin1");
  return writeAscii(out, position, '"}');
}

const words = new WordView();

function writeJsonString(
  out: Buffer,
  at: number,
  from: Buffer,
  start: number,
  end: number,
): number {
  const isLong = end - start >= wordFieldBytes;
  let position = at;
  out[position++] = quote;
  let index = start;
  while (index < end) {
    let stop = end;
    if (isLong) {
      const plain = plainEnd(words.of(from), index, end);
      position = copyBytes(out, position, from, index, plain);
      index = plain;
      stop = Math.min(end, plain + 4);
    }
    while (index < stop) {
      const byte = from[index++] ?? 0;
      if (byte >= 32 && byte !== quote && byte !== backslash && byte !== surrogateLead) {
        out[position++] = byte;
      } else if (byte !== surrogateLead) {
        position = writeControl(out, position, byte);
      } else if ((from[index] ?? 0) < 0xa0) {
        out[position++] = byte;
      } else {
        const unit = (((from[index] ?? 0) & 0x3f) << 6) | ((from[index + 1] ?? 0) & 0x3f);
        position = writeUnit(out, position, 0xd000 | unit);
        index += 2;
      }
    }
  }
  out[position++] = quote;
  return position;
}

/**
 * First position, in steps of four bytes, whose word may hold a byte that is not written as it is: a
 * control character, quote, backslash, or what a surrogate begins with.
 * @see https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
 */
function plainEnd(view: DataView, start: number, end: number): number {
  let index = start;
  for (; index + 4 <= end; index += 4) {
    const word = view.getInt32(index, true);
    const quotes = word ^ 0x22222222;
    const slashes = word ^ 0x5c5c5c5c;
    const leads = word ^ 0xedededed;
    const low = (word - 0x20202020) & ~word;
    const isFound =
      low |
      ((quotes - 0x01010101) & ~quotes) |
      ((slashes - 0x01010101) & ~slashes) |
      ((leads - 0x01010101) & ~leads);
    if ((isFound & 0x80808080) !== 0) break;
  }
  return index;
}

/** The letter of each short escape; other control characters are written by number. */
const letters = new Map<number, number>([
  [8, 98],
  [9, 116],
  [10, 110],
  [12, 102],
  [13, 114],
  [quote, quote],
  [backslash, backslash],
]);

function writeControl(out: Buffer, at: number, byte: number): number {
  const letter = letters.get(byte);
  if (letter === undefined) return writeUnit(out, at, byte);
  out[at] = backslash;
  out[at + 1] = letter;
  return at + 2;
}

/** `\uXXXX` */
function writeUnit(out: Buffer, at: number, unit: number): number {
  out[at] = backslash;
  out[at + 1] = 117;
  for (let digit = 0; digit < 4; digit++) {
    out[at + 2 + digit] = hexDigits[(unit >> (12 - 4 * digit)) & 15] ?? 0;
  }
  return at + 6;
}

/** Room for a field in any form: a string with all its escapes, base64, or a number. */
function roomFor(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length <= measuredBytes) return 6 * length + numberBytesMax;
  let escaped = length;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    if (byte < 32 || byte === quote || byte === backslash || byte === surrogateLead) escaped += 5;
  }
  return Math.max(escaped, 4 * Math.ceil(length / 3)) + numberBytesMax;
}
