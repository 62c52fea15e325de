import { fault } from "#shared/errors/fault";
import { limits } from "#shared/model/limits";
import { valueTags } from "#shared/format/value";
import { blockHeaderBytes, blockTargetBytes } from "#shared/format/run-block";
import { varintBytesMax, VarintReader, varintSize, writeVarint } from "#shared/format/varint";
import { copyBytes, copyShort, viewOf } from "#worker/runs/copy";
import type { RecordView } from "#worker/runs/record-view";
import { arenaBytesMax, SortMemory } from "./kernel/sort-memory.js";

/** Bytes per record beside its own: where it lies, its prefix and partition, and room to sort them. */
const entryBytes = 32;
/** Blocks of input are a mebibyte at most. */
const sourceBytes = 1024 * 1024;

/**
 * Records one behind another, in their stored form, with what sorting needs of each: where it lies,
 * its partition, and the first four bytes of its key. Kept by a thread from attempt to attempt, so
 * that its pages are touched for the first time once.
 */
export class SortArena {
  readonly budgetBytes: number;
  readonly memory: SortMemory;
  count = 0;
  bytes: Buffer;
  view: DataView;
  used = 0;
  offsets: Uint32Array;
  prefixes: Uint32Array;
  partitions: Uint32Array;
  /** Key range of the record that `locate` was asked for last. */
  keyStart = 0;
  keyEnd = 0;
  readonly #varints = new VarintReader();
  #source: Buffer = Buffer.alloc(0);
  #sourceView = viewOf(this.#source);

  /** @param budgetBytes bound of records and entries together; a single larger record is still taken */
  constructor(budgetBytes: number) {
    this.budgetBytes = Math.min(budgetBytes, arenaBytesMax);
    const entries = Math.floor(this.budgetBytes / entryBytes) + 2;
    const blockBytes = blockHeaderBytes + 2 * blockTargetBytes;
    this.memory = new SortMemory(this.budgetBytes, entries, sourceBytes, blockBytes);
    const { bytes, offsets, prefixes, partitions } = this.memory;
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.offsets = offsets;
    this.prefixes = prefixes;
    this.partitions = partitions;
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

  /**
   * Adds records of one length whose values are the bytes behind their keys, as many as there is room
   * for. Their partitions are the caller's to set. @returns how many were added
   */
  addFixed(
    bytes: Buffer,
    start: number,
    count: number,
    recordBytes: number,
    keyBytes: number,
  ): number {
    const valueBytes = recordBytes - keyBytes + 1;
    const stored = varintSize(keyBytes) + keyBytes + varintSize(valueBytes) + valueBytes;
    const room = Math.floor((this.budgetBytes - this.usedBytes) / (stored + entryBytes));
    const most = Math.min(count, room, Math.floor(sourceBytes / recordBytes));
    if (most <= 0) return 0;
    const { memory, used } = this;
    const tag = valueTags.bytes;
    this.used = memory.addFixed(bytes, start, most, recordBytes, keyBytes, tag, used, this.count);
    this.count += most;
    return most;
  }

  clear(): void {
    this.count = 0;
    this.used = 0;
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
    if (size > this.bytes.length) this.#grow(size);
    return true;
  }

  #grow(size: number): void {
    this.memory.growArena(size);
    const { bytes, offsets, prefixes, partitions } = this.memory;
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.offsets = offsets;
    this.prefixes = prefixes;
    this.partitions = partitions;
  }

  #putSize(at: number, size: number): number {
    if (size >= 0x80) return writeVarint(this.bytes, at, size);
    this.bytes[at] = size;
    return at + 1;
  }

  #addEntry(partition: number, key: Buffer, keyStart: number, keyEnd: number): void {
    const item = this.count;
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
