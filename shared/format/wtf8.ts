import "./native-buffer.js";
/**
 * UTF-8 that keeps what is none, in both directions.
 * - Any bytes become text and are the same bytes again: byte `b` of a sequence that is not UTF-8 is the
 *   lone surrogate `U+DC00 + b`, one of `U+DC80` to `U+DCFF`.
 * - Any text becomes bytes and is the same text again, other lone surrogates as their own three bytes
 *   (WTF-8), unless it holds surrogates that stand for bytes and those bytes, put together, are UTF-8
 *   or three bytes of a surrogate: `"\udcc3\udca9"` comes back as `"é"`.
 * Well-formed text is plain UTF-8.
 * @see https://simonsapin.github.io/wtf-8/ and https://peps.python.org/pep-0383/
 */

/** Bytes that `text` may need at most. */
export function wtf8BytesMax(text: string): number {
  return text.length * 3;
}

/** @returns the position after the last byte; `bytes` must have room for `wtf8BytesMax(text)` */
export function writeWtf8(bytes: Buffer, position: number, text: string): number {
  if (text.isWellFormed()) return position + bytes.utf8Write(text, position);
  let at = position;
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index) ?? 0;
    if (code < 0x80) {
      bytes[at++] = code;
    } else if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else if (isByteSurrogate(code)) {
      bytes[at++] = code & 0xff;
    } else if (code < 0x1_0000) {
      bytes[at++] = 0xe0 | (code >> 12);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else {
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
      index++;
    }
  }
  return at;
}

/** The text of `[start, end)`. */
export function readWtf8(bytes: Buffer, start: number, end: number): string {
  if (end - start <= 12) {
    const short = readShortAscii(bytes, start, end);
    if (short !== null) return short;
  }
  const text = bytes.utf8Slice(start, end);
  return text.includes("\ufffd") ? readBroken(bytes, start, end) : text;
}

/** Short ASCII, the commonest key, without a call out of JavaScript. */
function readShortAscii(bytes: Buffer, start: number, end: number): string | null {
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Decodes stretches of UTF-8 as such, and what lies between them byte by byte. */
function readBroken(bytes: Buffer, start: number, end: number): string {
  let text = "";
  let from = start;
  let at = start;
  while (at < end) {
    const length = (bytes[at] ?? 0) < 0x80 ? 1 : sequenceBytes(bytes, at, end);
    if (length > 0) {
      at += length;
      continue;
    }
    text += bytes.utf8Slice(from, at);
    from = brokenEnd(bytes, at, end);
    text += readSurrogates(bytes, at, from, isKept(bytes, at, from, end));
    at = from;
  }
  return text + bytes.utf8Slice(from, end);
}

/** Where a stretch of surrogates of one kind ends that begins here: all high ones, one low one, or one byte. */
function brokenEnd(bytes: Buffer, start: number, end: number): number {
  const unit = surrogateAt(bytes, start, end);
  if (unit === 0 || isByteSurrogate(unit)) return start + 1;
  if (unit >= 0xdc00) return start + 3;
  let at = start + 3;
  for (let next = surrogateAt(bytes, at, end); isHigh(next);) {
    at += 3;
    next = surrogateAt(bytes, at, end);
  }
  return at;
}

/**
 * Whether surrogates can be read as what they are. High ones cannot where a low one follows, be it one
 * that stands for a byte: together they would be a character, which has other bytes.
 */
function isKept(bytes: Buffer, start: number, stop: number, end: number): boolean {
  if (stop - start < 3) return false;
  if (!isHigh(surrogateAt(bytes, start, end)) || stop >= end) return true;
  return (bytes[stop] ?? 0) < 0x80 || sequenceBytes(bytes, stop, end) > 0;
}

function readSurrogates(bytes: Buffer, start: number, end: number, kept: boolean): string {
  let text = "";
  for (let at = start; at < end; at += kept ? 3 : 1) {
    text += String.fromCharCode(kept ? surrogateAt(bytes, at, end) : 0xdc00 | (bytes[at] ?? 0));
  }
  return text;
}

/** The surrogate whose three bytes (`ED A0..BF 80..BF`) lie here; 0 where none does. */
function surrogateAt(bytes: Buffer, at: number, end: number): number {
  if (at + 2 >= end || bytes[at] !== 0xed) return 0;
  const second = bytes[at + 1] ?? 0;
  const third = bytes[at + 2] ?? 0;
  if (second < 0xa0 || second > 0xbf || !isTrail(third)) return 0;
  return 0xd000 | ((second & 0x3f) << 6) | (third & 0x3f);
}

/**
 * Length of the character of several bytes that begins here; 0 where no UTF-8 does.
 * @see RFC 3629, section 4
 */
export function sequenceBytes(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > end) return 0;
  for (let index = 1; index < length; index++) {
    if (!isTrail(bytes[at + index] ?? 0)) return 0;
  }
  const second = bytes[at + 1] ?? 0;
  const isOverlong = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90);
  const isPastEnd = (first === 0xed && second > 0x9f) || (first === 0xf4 && second > 0x8f);
  return isOverlong || isPastEnd ? 0 : length;
}

function isTrail(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** Whether a lone surrogate stands for a byte. */
function isByteSurrogate(unit: number): boolean {
  return unit >= 0xdc80 && unit <= 0xdcff;
}
