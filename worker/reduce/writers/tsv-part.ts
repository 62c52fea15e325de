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

const backslash = 92;
const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
/** Longer fields are measured first; for shorter ones the worst case is room enough. */
const measuredBytes = 64 * 1024;

/** `key<TAB>value<LF>`; tab, LF, CR and backslash in strings and bytes are escaped. */
export class TsvPart extends BufferedPart {
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
      escapedBytesMax(keyBytes, keyStart, keyEnd) +
      escapedBytesMax(valueBytes, valueStart, valueEnd);
    const out = this.reserve(room + 2 * numberBytesMax + 2);
    let { at } = this;
    if (keyKind === keyKinds.number) {
      at = writeNumber(out, at, readOrderedNumber(keyBytes, keyStart));
    } else {
      at = writeEscaped(out, at, keyBytes, keyStart, keyEnd);
    }
    if (valueBytes[valueStart] !== valueTags.null) {
      out[at++] = tab;
      at = writeValue(out, at, valueBytes, valueStart, valueEnd);
    }
    out[at++] = lineFeed;
    this.at = at;
    this.records++;
  }
}

function writeValue(out: Buffer, at: number, bytes: Buffer, start: number, end: number): number {
  switch (bytes[start]) {
    case valueTags.string:
    case valueTags.bytes:
      return writeEscaped(out, at, bytes, start + 1, end);
    case valueTags.json:
      return copyBytes(out, at, bytes, start + 1, end);
    case valueTags.true:
      return writeAscii(out, at, "true");
    case valueTags.false:
      return writeAscii(out, at, "false");
    default:
      return writeNumber(out, at, decodeNumber(bytes, start));
  }
}

const words = new WordView();

function writeEscaped(out: Buffer, at: number, from: Buffer, start: number, end: number): number {
  if (end - start < wordFieldBytes) return writeEscapedBytes(out, at, from, start, end);
  const view = words.of(from);
  let position = at;
  let index = start;
  while (index < end) {
    const plain = plainEnd(view, index, end);
    position = copyBytes(out, position, from, index, plain);
    index = Math.min(end, plain + 4);
    position = writeEscapedBytes(out, position, from, plain, index);
  }
  return position;
}

/**
 * First position, in steps of four bytes, whose word may hold a byte to escape: one below 14, or a
 * backslash.
 * @see https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
 */
function plainEnd(view: DataView, start: number, end: number): number {
  let index = start;
  for (; index + 4 <= end; index += 4) {
    const word = view.getInt32(index, true);
    const slashes = word ^ 0x5c5c5c5c;
    const low = (word - 0x0e0e0e0e) & ~word;
    if (((low | ((slashes - 0x01010101) & ~slashes)) & 0x80808080) !== 0) break;
  }
  return index;
}

function writeEscapedBytes(
  out: Buffer,
  at: number,
  from: Buffer,
  start: number,
  end: number,
): number {
  let position = at;
  for (let index = start; index < end; index++) {
    const byte = from[index] ?? 0;
    // One test tells nearly every byte from the four that are escaped.
    const letter = byte < 14 || byte === backslash ? escapeLetter(byte) : 0;
    if (letter === 0) {
      out[position++] = byte;
    } else {
      out[position++] = backslash;
      out[position++] = letter;
    }
  }
  return position;
}

function escapeLetter(byte: number): number {
  if (byte === backslash) return backslash;
  if (byte === tab) return 116;
  if (byte === lineFeed) return 110;
  return byte === carriageReturn ? 114 : 0;
}

function escapedBytesMax(bytes: Buffer, start: number, end: number): number {
  if (end - start <= measuredBytes) return 2 * (end - start);
  let count = end - start;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    if ((byte < 14 || byte === backslash) && escapeLetter(byte) !== 0) count++;
  }
  return count;
}
