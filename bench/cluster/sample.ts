import fs from "node:fs";
import { keyBytes, recordBytes } from "../data-sets/records.js";

/**
 * Boundaries that part a file of records into ranges of about equal size, from keys sampled at even
 * distances.
 * @returns `partitionCount - 1` keys, ascending, in hex
 */
export function sampleBoundaries(file: string, sampleCount: number, partitionCount: number) {
  const handle = fs.openSync(file, "r");
  const recordCount = Math.floor(fs.fstatSync(handle).size / recordBytes);
  const count = Math.min(sampleCount, recordCount);
  const key = Buffer.alloc(keyBytes);
  const keys: string[] = [];
  for (let index = 0; index < count; index++) {
    const record = Math.floor(((index + 0.5) * recordCount) / count);
    fs.readSync(handle, key, 0, keyBytes, record * recordBytes);
    keys.push(key.toString("hex"));
  }
  fs.closeSync(handle);
  keys.sort();
  const boundaries: string[] = [];
  for (let partition = 1; partition < partitionCount; partition++) {
    const boundary = keys[Math.floor((partition * count) / partitionCount)];
    // Equal boundaries would only make an empty range.
    if (boundary !== undefined && boundary !== boundaries.at(-1)) boundaries.push(boundary);
  }
  return boundaries;
}
