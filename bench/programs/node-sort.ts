import fs from "node:fs";
import { keyBytes, recordBytes } from "../data-sets/records.js";

/** Sorts 100-byte records in memory, one thread: `node-sort.js <input> <output>`. */
const [input = "", output = ""] = process.argv.slice(2);
const bytes = fs.readFileSync(input);
const count = Math.floor(bytes.length / recordBytes);

// The first four key bytes and the record's number in one integer: the native sort of numbers is far
// faster than one that calls back. What is equal in the first four bytes is put right afterwards.
const order = new BigUint64Array(count);
const halves = new Uint32Array(order.buffer);
for (let index = 0; index < count; index++) {
  halves[index * 2] = index;
  halves[index * 2 + 1] = bytes.readUInt32BE(index * recordBytes);
}
order.sort();

for (let from = 0; from < count;) {
  let end = from + 1;
  const prefix = halves[from * 2 + 1];
  while (end < count && halves[end * 2 + 1] === prefix) end++;
  if (end - from > 1) sortTies(from, end);
  from = end;
}

const file = fs.openSync(output, "w");
const block = Buffer.allocUnsafe(recordBytes * 10_000);
let filled = 0;
for (let place = 0; place < count; place++) {
  const at = (halves[place * 2] ?? 0) * recordBytes;
  bytes.copy(block, filled, at, at + recordBytes);
  filled += recordBytes;
  if (filled === block.length) {
    fs.writeSync(file, block);
    filled = 0;
  }
}
fs.writeSync(file, block, 0, filled);
fs.closeSync(file);

function sortTies(from: number, end: number): void {
  const places = Array.from({ length: end - from }, (_, index) => halves[(from + index) * 2] ?? 0);
  places.sort((a, b) => {
    const left = a * recordBytes;
    const right = b * recordBytes;
    return bytes.compare(bytes, right, right + keyBytes, left, left + keyBytes);
  });
  for (const [index, place] of places.entries()) halves[(from + index) * 2] = place;
}
