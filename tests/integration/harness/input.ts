import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "#cli/installation";

const books = path.join(packageRoot, "examples", "data", "gutenberg");

/** Folder and files of the eight books. */
export const gutenberg = {
  folder: books,
  files: readdirSync(books)
    .filter((name) => name.endsWith(".txt"))
    .toSorted()
    .map((name) => path.join(books, name)),
};

export interface TextInput {
  readonly folder: string;
  readonly files: readonly string[];
  /** With it each file is one split. */
  readonly splitBytes: number;
}

const lineBytes = 48;

/**
 * Files of equal size, of words that depend on nothing but their place.
 * @param linesEach lines of 48 bytes in each file
 */
export function writeText(folder: string, fileCount: number, linesEach = 200): TextInput {
  mkdirSync(folder);
  const files = Array.from({ length: fileCount }, (_, index) => {
    const file = path.join(folder, `text-${String(index).padStart(4, "0")}.txt`);
    writeFileSync(file, textOf(index, linesEach));
    return file;
  });
  return { folder, files, splitBytes: linesEach * lineBytes };
}

function textOf(fileIndex: number, lines: number): string {
  let text = "";
  for (let line = 0; line < lines; line++) {
    const words = [0, 1, 2, 3].map((at) => wordOf(fileIndex * 7919 + line * 31 + at * 17));
    text += `${words
      .join(" ")
      .padEnd(lineBytes - 1)
      .slice(0, lineBytes - 1)}\n`;
  }
  return text;
}

/** One of some thousand words of letters. */
function wordOf(seed: number): string {
  let rest = Math.imul(seed + 1, 2_654_435_761) >>> 20;
  let word = "";
  do {
    word += String.fromCharCode(97 + (rest % 26));
    rest = Math.floor(rest / 26);
  } while (rest > 0);
  return word;
}
