import fs from "node:fs";

const newline = 0x0a;
const blockBytes = 1024 * 1024;

/** How a line becomes words: by the example job's expression, or at single spaces. */
export type Cut = "letters" | "spaces";

/**
 * Counts the words of a byte range of a file into one Map, as a program written by hand would.
 * The range starts at the start of a line and ends at the end of one.
 */
export function countWords(
  path: string,
  startByte: number,
  endByte: number,
  cut: Cut,
): Map<string, number> {
  const counts = new Map<string, number>();
  const lineDone = cut === "letters" ? countLetters : countSpaces;
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
      lineDone(counts, buffer.toString("utf8", from, end));
      from = end + 1;
    }
    buffer.copyWithin(0, from, filled);
    held = filled - from;
  }
  if (held > 0) lineDone(counts, buffer.toString("utf8", 0, held));
  fs.closeSync(file);
  return counts;
}

function countLetters(counts: Map<string, number>, line: string): void {
  for (const match of line.match(/\p{L}+/gu) ?? []) {
    const word = match.toLowerCase();
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
}

function countSpaces(counts: Map<string, number>, line: string): void {
  for (const part of line.split(" ")) {
    const word = part.toLowerCase();
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
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

/** Writes `word<TAB>count` lines, sorted by word in byte order. */
export function writeCounts(path: string, counts: ReadonlyMap<string, number>): void {
  // UTF-16 order is byte order for the words of this text: none lies beyond U+FFFF.
  const words = [...counts.keys()].sort();
  const file = fs.openSync(path, "w");
  let text = "";
  for (const word of words) {
    text += `${word}\t${counts.get(word) ?? 0}\n`;
    if (text.length >= blockBytes) {
      fs.writeSync(file, text);
      text = "";
    }
  }
  fs.writeSync(file, text);
  fs.closeSync(file);
}
