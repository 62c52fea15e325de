import fs from "node:fs";

const newline = 0x0a;
const blockBytes = 1024 * 1024;

/**
 * Calls `onLine` with the lines of a byte range of a file, as a program written by hand would read them.
 * The range starts at the start of a line and ends at the end of one.
 */
export function eachLine(
  path: string,
  startByte: number,
  endByte: number,
  onLine: (line: string) => void,
): void {
  const file = fs.openSync(path, "r");
  let buffer = Buffer.allocUnsafe(blockBytes);
  let held = 0;
  let position = startByte;
  while (position < endByte) {
    if (held === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(held)]);
    const wanted = Math.min(buffer.length - held, endByte - position);
    const length = fs.readSync(file, buffer, held, wanted, position);
    if (length === 0) break;
    position += length;
    const filled = held + length;
    let from = 0;
    for (;;) {
      const end = buffer.indexOf(newline, from);
      if (end === -1 || end >= filled) break;
      onLine(buffer.toString("utf8", from, end));
      from = end + 1;
    }
    buffer.copyWithin(0, from, filled);
    held = filled - from;
  }
  if (held > 0) onLine(buffer.toString("utf8", 0, held));
  fs.closeSync(file);
}

/** Where the second half of a file starts: after the first newline in the middle. */
export function lineBorder(path: string): number {
  const file = fs.openSync(path, "r");
  const sizeBytes = fs.fstatSync(file).size;
  const buffer = Buffer.alloc(blockBytes);
  let position = Math.floor(sizeBytes / 2);
  try {
    for (;;) {
      const length = fs.readSync(file, buffer, 0, buffer.length, position);
      if (length === 0) return sizeBytes;
      const found = buffer.subarray(0, length).indexOf(newline);
      if (found !== -1) return position + found + 1;
      position += length;
    }
  } finally {
    fs.closeSync(file);
  }
}
