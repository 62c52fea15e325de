import "./native-buffer.js";
/**
 * UTF-8 in which a lone surrogate is kept as its own three bytes, so that every JavaScript string
 * survives a round trip and no two strings share an encoding. Well-formed text is plain UTF-8.
 * @see https://simonsapin.github.io/wtf-8/
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
  return text.includes("\ufffd") ? readSurrogates(bytes, start, end) : text;
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

/** Cuts out every three-byte surrogate (`ED A0..BF xx`) and decodes what lies between as UTF-8. */
function readSurrogates(bytes: Buffer, start: number, end: number): string {
  let text = "";
  let from = start;
  for (let at = start; at + 2 < end; at++) {
    const second = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xed || second < 0xa0 || second > 0xbf) continue;
    const unit = 0xd000 | ((second & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f);
    text += bytes.utf8Slice(from, at) + String.fromCharCode(unit);
    from = at + 3;
    at += 2;
  }
  return text + bytes.utf8Slice(from, end);
}
