import fs from "node:fs";
import { scramble } from "../data-sets/random.js";
import { keyBytes, recordBytes } from "../data-sets/records.js";
import { hex, type Answer } from "./words.js";

const recordsPerBlock = 10_000;
const wordsPerRecord = recordBytes / 4;

/**
 * Reads files of 100-byte records one after another. Their keys must ascend over all files; records
 * of equal keys may come in any order.
 */
export function recordsAnswer(paths: readonly string[]): Answer {
  const block = Buffer.alloc(recordBytes * recordsPerBlock);
  const words = new Int32Array(block.buffer, block.byteOffset, block.length / 4);
  const last = Buffer.alloc(keyBytes);
  let records = 0;
  let first = 0;
  let second = 0;
  let disorder: string | null = null;
  for (const path of paths) {
    const file = fs.openSync(path, "r");
    for (;;) {
      const length = readFully(file, block);
      if (length % recordBytes !== 0) disorder ??= `${path} does not end with a whole record`;
      const count = Math.floor(length / recordBytes);
      for (let index = 0; index < count; index++) {
        const hash = hashRecord(words, index * wordsPerRecord);
        first = (first + hash) | 0;
        second = (second + scramble(hash ^ 0x5bd1e995)) | 0;
      }
      const at = disorderAt(block, count, last, records > 0);
      if (at !== -1) disorder ??= `${path} is not sorted at record ${records + at}`;
      records += count;
      if (length < block.length) break;
    }
    fs.closeSync(file);
  }
  return { digest: `${records} records, ${hex(first)}${hex(second)}`, disorder };
}

function readFully(file: number, block: Buffer): number {
  let filled = 0;
  while (filled < block.length) {
    const count = fs.readSync(file, block, filled, block.length - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

function hashRecord(words: Int32Array, from: number): number {
  let hash = 0x811c9dc5;
  for (let index = from; index < from + wordsPerRecord; index++) {
    hash = Math.imul(hash ^ (words[index] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  return scramble(hash);
}

/**
 * @param last the key before the block; takes the block's last key
 * @returns index of the first record whose key is smaller than the one before it, or -1
 */
function disorderAt(block: Buffer, count: number, last: Buffer, hasLast: boolean): number {
  let found = -1;
  for (let index = 0; index < count && found === -1; index++) {
    const at = index * recordBytes;
    if (index > 0) {
      if (isBefore(block, at, block, at - recordBytes)) found = index;
    } else if (hasLast && isBefore(block, at, last, 0)) {
      found = index;
    }
  }
  if (count > 0)
    block.copy(last, 0, (count - 1) * recordBytes, (count - 1) * recordBytes + keyBytes);
  return found;
}

function isBefore(a: Buffer, aFrom: number, b: Buffer, bFrom: number): boolean {
  for (let index = 0; index < keyBytes; index++) {
    const left = a[aFrom + index] ?? 0;
    const right = b[bFrom + index] ?? 0;
    if (left !== right) return left < right;
  }
  return false;
}
