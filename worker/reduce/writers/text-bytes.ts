/** Above this many bytes a call into the runtime is cheaper than a loop. */
const loopBytesMax = 48;

/** @returns the position after the copied bytes */
export function copyBytes(
  out: Buffer,
  at: number,
  from: Buffer,
  start: number,
  end: number,
): number {
  if (end - start > loopBytesMax) {
    from.copy(out, at, start, end);
    return at + end - start;
  }
  let position = at;
  for (let index = start; index < end; index++) out[position++] = from[index] ?? 0;
  return position;
}

/** Bytes that a number may need at most. */
export const numberBytesMax = 32;

/** Writes a number as JavaScript prints it. @returns the position after it */
export function writeNumber(out: Buffer, at: number, value: number): number {
  if (value === (value | 0)) return writeInteger(out, at, value);
  const text = String(value);
  for (let index = 0; index < text.length; index++) out[at + index] = text.charCodeAt(index);
  return at + text.length;
}

function writeInteger(out: Buffer, at: number, value: number): number {
  let position = at;
  let rest = value;
  if (rest < 0) {
    out[position++] = 45;
    rest = -rest;
  }
  const end = position + digitCount(rest);
  for (let digit = end - 1; digit >= position; digit--) {
    const tenth = (rest / 10) | 0;
    out[digit] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

function digitCount(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}

/** Bytes that a constant text takes, to be copied. */
export function writeAscii(out: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) out[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** Shorter fields are walked byte by byte: looking at words would not pay for its set-up. */
export const wordFieldBytes = 32;

/** A view for reading four bytes at once, kept for as long as the buffer stays the same. */
export class WordView {
  #buffer: Buffer | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));

  of(buffer: Buffer): DataView {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    return this.#view;
  }
}
