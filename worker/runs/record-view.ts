import { viewOf } from "./copy.js";

/** Where the present record of a stream lies; valid until the stream moves on. */
export class RecordView {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = viewOf(this.bytes);
  /** The whole record as stored (lengths, key, value), without its origin. */
  recordStart = 0;
  recordEnd = 0;
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Index of the map task that the record came from. */
  origin = 0;
}

/** Records in key order. `next` moves to the first or the next record; false at the end. */
export interface RecordStream {
  readonly record: RecordView;
  next(): boolean;
}

/** Whether the record's key equals `key[0, keyBytes)`. */
export function hasKey(record: RecordView, key: Buffer, keyBytes: number): boolean {
  const { bytes, keyStart } = record;
  if (record.keyEnd - keyStart !== keyBytes) return false;
  // The ends of keys differ more often than their beginnings.
  for (let at = keyBytes - 1; at >= 0; at--) {
    if (bytes[keyStart + at] !== key[at]) return false;
  }
  return true;
}

/** Whether the record's key begins with `prefix[0, prefixBytes)`. */
export function startsWith(record: RecordView, prefix: Buffer, prefixBytes: number): boolean {
  const { bytes, keyStart } = record;
  if (record.keyEnd - keyStart < prefixBytes) return false;
  for (let at = prefixBytes - 1; at >= 0; at--) {
    if (bytes[keyStart + at] !== prefix[at]) return false;
  }
  return true;
}

/** Unsigned order of two byte ranges, a prefix before what it is a prefix of, from byte `skip` on. */
export function compareBytes(
  left: Buffer,
  leftStart: number,
  leftEnd: number,
  right: Buffer,
  rightStart: number,
  rightEnd: number,
  skip: number,
): number {
  const shared = Math.min(leftEnd - leftStart, rightEnd - rightStart);
  for (let at = skip; at < shared; at++) {
    const difference = (left[leftStart + at] ?? 0) - (right[rightStart + at] ?? 0);
    if (difference !== 0) return difference;
  }
  return leftEnd - leftStart - (rightEnd - rightStart);
}
