import { fault } from "#shared/errors/fault";
import { limits } from "#shared/model/limits";
import { valueTags } from "#shared/format/value";
import { varintBytesMax, VarintReader, writeVarint } from "#shared/format/varint";
import { copyBytes, copyShort, viewOf } from "#worker/runs/copy";
import type { RecordView } from "#worker/runs/record-view";

/** Bytes per record beside its own: where it lies, its prefix and partition, and room to sort them. */
const entryBytes = 32;
const startEntries = 64 * 1024;

/**
 * Records one behind another, in their stored form, with what sorting needs of each: where it lies,
 * its partition, and the first four bytes of its key. Kept by a thread from attempt to attempt, so
 * that its pages are touched for the first time once.
 */
export class SortArena {
  count = 0;
  bytes: Buffer;
  view: DataView;
  used = 0;
  offsets = new Uint32Array(startEntries);
  prefixes = new Uint32Array(startEntries);
  partitions = new Uint32Array(startEntries);
  /** Key range of the record that `locate` was asked for last. */
  keyStart = 0;
  keyEnd = 0;
  readonly #varints = new VarintReader();
  #source: Buffer = Buffer.alloc(0);
  #sourceView = viewOf(this.#source);

  /** @param budgetBytes bound of records and entries together; a single larger record is still taken */
  constructor(readonly budgetBytes: number) {
    // Untouched pages of a fresh allocation cost nothing, so the whole arena is taken at once.
    this.bytes = Buffer.allocUnsafeSlow(budgetBytes);
    this.view = viewOf(this.bytes);
  }

  get usedBytes(): number {
    return this.used + this.count * entryBytes;
  }

  /** @returns false when the arena is full */
  add(
    partition: number,
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const keyBytes = keyEnd - keyStart;
    const valueBytes = valueEnd - valueStart;
    if (keyBytes + valueBytes > limits.recordBytesMax) checkSizes(keyBytes, valueBytes);
    if (!this.#hasRoom(keyBytes + valueBytes + 2 * varintBytesMax)) return false;
    this.#addEntry(partition, key, keyStart, keyEnd);
    const arena = this.bytes;
    let at = this.#putSize(this.used, keyBytes);
    at = copyShort(key, keyStart, keyEnd, arena, at);
    at = this.#putSize(at, valueBytes);
    this.used = copyShort(value, valueStart, valueEnd, arena, at);
    return true;
  }

  /** Adds a record whose value is the bytes behind its key. @returns false when the arena is full */
  addBytes(
    partition: number,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number,
  ): boolean {
    return this.addTagged(partition, bytes, keyStart, keyEnd, valueTags.bytes, keyEnd, valueEnd);
  }

  /** Adds a record whose value lies behind its key, without its tag. @returns false when the arena is full */
  addTagged(
    partition: number,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueTag: number,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const keyBytes = keyEnd - keyStart;
    const valueBytes = valueEnd - valueStart + 1;
    if (keyBytes + valueBytes > limits.recordBytesMax) checkSizes(keyBytes, valueBytes);
    if (!this.#hasRoom(keyBytes + valueBytes + 2 * varintBytesMax)) return false;
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceView = viewOf(bytes);
    }
    this.#addEntry(partition, bytes, keyStart, keyEnd);
    const arena = this.bytes;
    const { view } = this;
    const sourceView = this.#sourceView;
    let at = this.#putSize(this.used, keyBytes);
    at = copyBytes(bytes, sourceView, keyStart, keyEnd, arena, view, at);
    at = this.#putSize(at, valueBytes);
    arena[at] = valueTag;
    this.used = copyBytes(bytes, sourceView, valueStart, valueEnd, arena, view, at + 1);
    return true;
  }

  clear(): void {
    this.count = 0;
    this.used = 0;
    if (this.bytes.length > this.budgetBytes) {
      this.bytes = Buffer.allocUnsafeSlow(this.budgetBytes);
      this.view = viewOf(this.bytes);
    }
  }

  /** Where the record ends: where the one that was added next begins. */
  endOf(item: number): number {
    return item + 1 < this.count ? (this.offsets[item + 1] ?? 0) : this.used;
  }

  /** Sets `keyStart` and `keyEnd` to the item's key. */
  locate(item: number): void {
    const start = this.offsets[item] ?? 0;
    const first = this.bytes[start] ?? 0;
    if (first < 0x80) {
      this.keyStart = start + 1;
      this.keyEnd = start + 1 + first;
    } else {
      const size = this.#varints.read(this.bytes, start);
      this.keyStart = this.#varints.at;
      this.keyEnd = this.keyStart + size;
    }
  }

  /** Points `record` at the item. */
  place(record: RecordView, item: number): void {
    this.locate(item);
    const end = this.endOf(item);
    record.bytes = this.bytes;
    record.view = this.view;
    record.recordStart = this.offsets[item] ?? 0;
    record.recordEnd = end;
    record.keyStart = this.keyStart;
    record.keyEnd = this.keyEnd;
    if ((this.bytes[this.keyEnd] ?? 0) < 0x80) {
      record.valueStart = this.keyEnd + 1;
    } else {
      this.#varints.read(this.bytes, this.keyEnd);
      record.valueStart = this.#varints.at;
    }
    record.valueEnd = end;
  }

  #hasRoom(size: number): boolean {
    if (this.usedBytes + size + entryBytes <= this.budgetBytes) return true;
    if (this.count > 0) return false;
    if (size > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(size);
      this.view = viewOf(this.bytes);
    }
    return true;
  }

  #putSize(at: number, size: number): number {
    if (size >= 0x80) return writeVarint(this.bytes, at, size);
    this.bytes[at] = size;
    return at + 1;
  }

  #addEntry(partition: number, key: Buffer, keyStart: number, keyEnd: number): void {
    const item = this.count;
    if (item === this.offsets.length) {
      this.offsets = grown(this.offsets);
      this.prefixes = grown(this.prefixes);
      this.partitions = grown(this.partitions);
    }
    this.offsets[item] = this.used;
    this.prefixes[item] = prefixAt(key, keyStart, keyEnd);
    this.partitions[item] = partition;
    this.count = item + 1;
  }
}

/** @throws MR_RECORD_TOO_LARGE */
export function checkSizes(keyBytes: number, valueBytes: number): void {
  const maxBytes = limits.recordBytesMax;
  if (keyBytes > maxBytes) {
    throw fault("MR_RECORD_TOO_LARGE", "emitted key is too large", { keyBytes, maxBytes });
  }
  if (valueBytes > maxBytes) {
    throw fault("MR_RECORD_TOO_LARGE", "emitted value is too large", { valueBytes, maxBytes });
  }
}

/** The four bytes from `start` as an unsigned number, zeros behind the end. */
export function prefixAt(bytes: Buffer, start: number, end: number): number {
  if (start + 4 <= end) {
    return (
      (((bytes[start] ?? 0) << 24) |
        ((bytes[start + 1] ?? 0) << 16) |
        ((bytes[start + 2] ?? 0) << 8) |
        (bytes[start + 3] ?? 0)) >>>
      0
    );
  }
  let prefix = 0;
  for (let at = start; at < start + 4; at++) {
    prefix = ((prefix << 8) | (at < end ? (bytes[at] ?? 0) : 0)) >>> 0;
  }
  return prefix;
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
