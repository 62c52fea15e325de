import fs from "node:fs";
import { scramble } from "../data-sets/random.js";
import { hex, hashBytes, type Answer } from "./words.js";

const newline = 0x0a;

/** The lines of all files as a set: order does not matter, a line twice is not a line once. */
export function linesAnswer(paths: readonly string[]): Answer {
  const sums = new LineSums();
  for (const path of paths) {
    const bytes = fs.readFileSync(path);
    for (let from = 0; from < bytes.length;) {
      const found = bytes.indexOf(newline, from);
      const end = found === -1 ? bytes.length : found;
      sums.add(bytes, from, end);
      from = end + 1;
    }
  }
  return { digest: `${sums.lines} lines, ${sums.digest}`, disorder: null };
}

/**
 * Lines of a key, a tab, and its count and sum, either `count<TAB>sum` or as the array `[count,sum]` that
 * Millrace's aggregates make. In any order.
 */
export function groupsAnswer(paths: readonly string[]): Answer {
  const sums = new LineSums();
  for (const path of paths) {
    for (const line of fs.readFileSync(path, "utf8").split("\n")) {
      if (line === "") continue;
      const at = line.indexOf("\t");
      const value = line.slice(at + 1);
      const bare = value.startsWith("[") ? value.slice(1, -1).replace(",", "\t") : value;
      const bytes = Buffer.from(`${line.slice(0, at)}\t${bare}`);
      sums.add(bytes, 0, bytes.length);
    }
  }
  return { digest: `${sums.lines} groups, ${sums.digest}`, disorder: null };
}

/** Two sums over hashes of lines: the same for the same lines in any order. */
class LineSums {
  lines = 0;
  #first = 0;
  #second = 0;

  add(bytes: Uint8Array, from: number, end: number): void {
    const hash = hashBytes(bytes, from, end);
    this.#first = (this.#first + hash) | 0;
    this.#second = (this.#second + scramble(hash ^ (end - from))) | 0;
    this.lines++;
  }

  get digest(): string {
    return hex(this.#first) + hex(this.#second);
  }
}
