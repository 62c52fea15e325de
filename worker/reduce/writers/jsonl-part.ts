import { isUtf8 } from "node:buffer";
import { keyKinds, readOrderedNumber, type KeyKind } from "#shared/format/key";
import { decodeNumber, valueTags } from "#shared/format/value";
import { readWtf8, sequenceBytes } from "#shared/format/wtf8";
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
/** First byte that is not ASCII. */
const firstHigh = 0x80;
const highBits = 0x80808080 | 0;
const measuredBytes = 64 * 1024;
/** Text that is not UTF-8 is made a string, piece by piece. */
const pieceBytes = 64 * 1024;
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
    const keyRoom =
      keyKind === keyKinds.bytes
        ? roomForBase64(keyStart, keyEnd)
        : roomForText(keyBytes, keyStart, keyEnd);
    const valueRoom =
      valueBytes[valueStart] === valueTags.bytes
        ? roomForBase64(valueStart, valueEnd)
        : roomForText(valueBytes, valueStart, valueEnd);
    const out = this.reserve(keyRoom + valueRoom + 64);
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
  return end - start < wordFieldBytes
    ? writeShortString(out, at, from, start, end)
    : writeLongString(out, at, from, start, end);
}

function writeShortString(
  out: Buffer,
  at: number,
  from: Buffer,
  start: number,
  end: number,
): number {
  let position = at;
  out[position++] = quote;
  for (let index = start; index < end; index++) {
    const byte = from[index] ?? 0;
    if (byte >= firstHigh) {
      const length = sequenceBytes(from, index, end);
      if (length === 0) return writeBrokenString(out, at, from, start, end);
      const stop = index + length - 1;
      while (index < stop) out[position++] = from[index++] ?? 0;
      out[position++] = from[index] ?? 0;
    } else if (byte >= 32 && byte !== quote && byte !== backslash) {
      out[position++] = byte;
    } else {
      position = writeControl(out, position, byte);
    }
  }
  out[position++] = quote;
  return position;
}

function writeLongString(
  out: Buffer,
  at: number,
  from: Buffer,
  start: number,
  end: number,
): number {
  const view = words.of(from);
  // Whether what follows is known to be UTF-8: it is looked at once, at the first byte that is not ASCII.
  let isText = false;
  let position = at;
  out[position++] = quote;
  let index = start;
  while (index < end) {
    const plain = plainEnd(view, index, end, isText ? 0 : highBits);
    position = copyBytes(out, position, from, index, plain);
    const stop = Math.min(end, plain + 4);
    for (index = plain; index < stop; index++) {
      const byte = from[index] ?? 0;
      if (byte >= firstHigh && !isText) {
        isText = isUtf8(from.subarray(index, end));
        if (!isText) return writeBrokenString(out, at, from, start, end);
      }
      if (byte >= 32 && byte !== quote && byte !== backslash) out[position++] = byte;
      else position = writeControl(out, position, byte);
    }
  }
  out[position++] = quote;
  return position;
}

/** What is not UTF-8 stands for lone surrogates, which JSON can only write as escapes. */
function writeBrokenString(
  out: Buffer,
  at: number,
  from: Buffer,
  start: number,
  end: number,
): number {
  let position = at;
  out[position++] = quote;
  for (let index = start; index < end;) {
    // No character begins in one piece and ends in the next: that one begins with ASCII.
    let stop = Math.min(end, index + pieceBytes);
    while (stop < end && (from[stop] ?? 0) >= firstHigh) stop++;
    const json = JSON.stringify(readWtf8(from, index, stop));
    position += out.utf8Write(json.slice(1, -1), position);
    index = stop;
  }
  out[position++] = quote;
  return position;
}

/**
 * First position, in steps of four bytes, whose word may hold a byte that is not written as it is: a
 * control character, quote, backslash, or one of `highs`.
 * @see https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
 */
function plainEnd(view: DataView, start: number, end: number, highs: number): number {
  let index = start;
  for (; index + 4 <= end; index += 4) {
    const word = view.getInt32(index, true);
    const quotes = word ^ 0x22222222;
    const slashes = word ^ 0x5c5c5c5c;
    const low = (word - 0x20202020) & ~word;
    const isFound = low | ((quotes - 0x01010101) & ~quotes) | ((slashes - 0x01010101) & ~slashes);
    if (((isFound & highBits) | (word & highs)) !== 0) break;
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

/** Room for a field: a string with all its escapes, or a number. */
function roomForText(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length <= measuredBytes) return 6 * length + numberBytesMax;
  // The tag of a value is ASCII as well.
  const highsFrom = isUtf8(bytes.subarray(start, end)) ? 256 : firstHigh;
  let escaped = length;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    if (byte < 32 || byte === quote || byte === backslash || byte >= highsFrom) escaped += 5;
  }
  return escaped + numberBytesMax;
}

function roomForBase64(start: number, end: number): number {
  return 4 * Math.ceil((end - start) / 3);
}
