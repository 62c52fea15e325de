/**
 * Unsigned LEB128: seven bits a byte, lowest first, high bit set on all but the last.
 * Safe integers only (up to 2^53 - 1, eight bytes).
 * @see https://protobuf.dev/programming-guides/encoding/#varints
 */
export const varintBytesMax = 8;

/** @returns the position after the last byte written */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest >= 0x8000_0000) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let size = 4;
  for (let rest = Math.floor(value / 0x1000_0000); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Reads varints one after another; `at` is the position after the last one read. */
export class VarintReader {
  at = 0;

  read(bytes: Uint8Array, position: number): number {
    const first = bytes[position] ?? 0;
    if (first < 0x80) {
      this.at = position + 1;
      return first;
    }
    let value = first & 0x7f;
    let factor = 128;
    let at = position + 1;
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
    }
    this.at = at;
    return value;
  }
}
