import fs from "node:fs";
import { scramble } from "../data-sets/random.js";

/** An answer, reduced to what must be the same for everybody. */
export interface Answer {
  /** Records and two sums over their hashes: the same for the same records in any order. */
  readonly digest: string;
  /** Why the order is wrong; null when it is right. */
  readonly disorder: string | null;
}

const newline = 0x0a;
const tab = 0x09;

/**
 * Reads `word<TAB>count` lines. Each file must be in byte order of its words; several files make up
 * one answer, in any order among themselves.
 */
export function wordCountAnswer(paths: readonly string[]): Answer {
  let lines = 0;
  let first = 0;
  let second = 0;
  let disorder: string | null = null;
  for (const path of paths) {
    const bytes = fs.readFileSync(path);
    let previous = -1;
    for (let from = 0; from < bytes.length;) {
      const found = bytes.indexOf(newline, from);
      const end = found === -1 ? bytes.length : found;
      const hash = hashBytes(bytes, from, end);
      first = (first + hash) | 0;
      second = (second + scramble(hash ^ (end - from))) | 0;
      if (previous !== -1 && disorder === null && !isAscending(bytes, previous, from)) {
        disorder = `${path} is not sorted at line ${lines + 1}`;
      }
      previous = from;
      lines++;
      from = end + 1;
    }
  }
  const digest = `${lines} words, ${hex(first)}${hex(second)}`;
  return { digest, disorder };
}

export function hashBytes(bytes: Uint8Array, from: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return scramble(hash);
}

/** Whether the word at `a` comes before the word at `b`; both end at a tab. */
function isAscending(bytes: Uint8Array, a: number, b: number): boolean {
  for (let index = 0; ; index++) {
    const left = bytes[a + index] ?? tab;
    const right = bytes[b + index] ?? tab;
    if (left === tab) return right !== tab;
    if (right === tab) return false;
    if (left !== right) return left < right;
  }
}

export function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, "0");
}
