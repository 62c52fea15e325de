import fs from "node:fs";
import { eachLine } from "./lines.js";

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
  eachLine(path, startByte, endByte, (line) => lineDone(counts, line));
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
