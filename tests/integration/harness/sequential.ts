import { readFileSync } from "node:fs";
import path from "node:path";

/** What jobs must give, by plain loops over the whole input. */

function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Lines in the order of their bytes, so that two answers compare whatever parts they lie in. */
export function sorted(lines: readonly string[]): string[] {
  return lines.toSorted(compareText);
}

function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").split(/\r?\n/);
}

/** Of jobs `words` and `wordcount`. */
export function countWords(files: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const file of files) {
    for (const line of linesOf(file)) {
      for (const found of line.match(/\p{L}+/gu) ?? []) {
        const word = found.toLowerCase();
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
  }
  return sorted([...counts].map(([word, count]) => `${word}\t${count}`));
}

/** Of job `inverted-index`. */
export function indexWords(files: readonly string[]): string[] {
  const books = new Map<string, Set<string>>();
  for (const file of files) {
    for (const line of linesOf(file)) {
      for (const found of line.match(/\p{L}+/gu) ?? []) {
        const word = found.toLowerCase();
        const names = books.get(word) ?? new Set<string>();
        books.set(word, names.add(path.basename(file)));
      }
    }
  }
  return sorted(
    [...books].map(([word, names]) => `${word}\t${names.size} ${[...names].sort().join(",")}`),
  );
}
