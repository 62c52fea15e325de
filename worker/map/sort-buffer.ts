import { valueTags } from "#shared/format/value";
import { varintBytesMax, VarintReader, writeVarint } from "#shared/format/varint";
import { copyBytes, viewOf } from "#worker/runs/copy";
import { compareBytes, RecordView, type RecordStream } from "#worker/runs/record-view";
import { RadixSorter, sortByPartition } from "./sort-order.js";

/** Bytes per record beside its own: where it lies, its prefix and partition, and room to sort them. */
const entryBytes = 32;

/** Ties of more records than this are sorted by their next bytes; fewer, by comparing. */
const tiesComparedMax = 512;

/** Collects records in one arena and sorts them by partition, then key, then order of arrival. */
export class SortBuffer {
  count = 0;
  #arena: Buffer;
  #view: DataView;
  #used = 0;
  #offsets = new Uint32Array(4096);
  #prefixes = new Uint32Array(4096);
  #partitions = new Uint32Array(4096);
  #order = new Uint32Array(0);
  readonly #sorter = new RadixSorter();
  readonly #varints = new VarintReader();
  #source: Buffer = Buffer.alloc(0);
  #sourceView = viewOf(this.#source);
  /** Key range of the record that `#locate` was asked for last. */
  #keyStart = 0;
  #keyEnd = 0;

  /** @param budgetBytes bound of arena and entries together; a single larger record is still taken */
  constructor(
    readonly budgetBytes: number,
    readonly partitionCount: number,
  ) {
    // Untouched pages of a fresh allocation cost nothing, so the whole arena is taken at once.
    this.#arena = Buffer.allocUnsafeSlow(budgetBytes);
    this.#view = viewOf(this.#arena);
  }

  get usedBytes(): number {
    return this.#used + this.count * entryBytes;
  }

  /** @returns false when the buffer is full: sort, write, clear, and add again */
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
    if (!this.#hasRoom(keyBytes + valueBytes + 2 * varintBytesMax)) return false;
    let at = this.#used;
    this.#addEntry(partition, key, keyStart, keyBytes);
    const arena = this.#arena;
    at = putBytes(key, keyStart, keyEnd, arena, this.#putSize(at, keyBytes));
    this.#used = putBytes(value, valueStart, valueEnd, arena, this.#putSize(at, valueBytes));
    return true;
  }

  /** Adds a record whose value is the bytes behind its key. @returns false when the buffer is full */
  addBytes(
    partition: number,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number,
  ): boolean {
    const keyBytes = keyEnd - keyStart;
    const valueBytes = valueEnd - keyEnd + 1;
    if (!this.#hasRoom(keyBytes + valueBytes + 2 * varintBytesMax)) return false;
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceView = viewOf(bytes);
    }
    const arena = this.#arena;
    const view = this.#view;
    const sourceView = this.#sourceView;
    this.#addEntry(partition, bytes, keyStart, keyBytes);
    let at = this.#putSize(this.#used, keyBytes);
    at = copyBytes(bytes, sourceView, keyStart, keyEnd, arena, view, at);
    at = this.#putSize(at, valueBytes);
    arena[at] = valueTags.bytes;
    this.#used = copyBytes(bytes, sourceView, keyEnd, valueEnd, arena, view, at + 1);
    return true;
  }

  /** Sorts what was added; afterwards `partitions` streams it. */
  sort(): void {
    const count = this.count;
    const items = new Uint32Array(count);
    for (let item = 0; item < count; item++) items[item] = item;
    const keys = this.#prefixes.slice(0, count);
    this.#sorter.sort(keys, items, count);
    this.#order = items;
    if (this.partitionCount > 1) {
      sortByPartition(items, count, this.#partitions, this.partitionCount);
    }
    this.#sortTies();
  }

  /** The sorted records of each partition that has any, in order; each stream must be used up before the next. */
  *partitions(): Generator<{ readonly partition: number; readonly stream: RecordStream }> {
    let start = 0;
    while (start < this.count) {
      const partition = this.#partitions[this.#order[start] ?? 0] ?? 0;
      let end = start + 1;
      while (end < this.count && this.#partitions[this.#order[end] ?? 0] === partition) end++;
      yield { partition, stream: new SortedRecords(this, start, end) };
      start = end;
    }
  }

  clear(): void {
    this.count = 0;
    this.#used = 0;
    if (this.#arena.length > this.budgetBytes) {
      this.#arena = Buffer.allocUnsafeSlow(this.budgetBytes);
      this.#view = viewOf(this.#arena);
    }
  }

  /** Points `record` at the record that is `index`-th in order. */
  place(record: RecordView, index: number): void {
    const item = this.#order[index] ?? 0;
    this.#locate(item);
    const start = this.#offsets[item] ?? 0;
    const end = item + 1 < this.count ? (this.#offsets[item + 1] ?? 0) : this.#used;
    record.bytes = this.#arena;
    record.view = this.#view;
    record.recordStart = start;
    record.recordEnd = end;
    record.keyStart = this.#keyStart;
    record.keyEnd = this.#keyEnd;
    const first = this.#arena[this.#keyEnd] ?? 0;
    if (first < 0x80) {
      record.valueStart = this.#keyEnd + 1;
    } else {
      this.#varints.read(this.#arena, this.#keyEnd);
      record.valueStart = this.#varints.at;
    }
    record.valueEnd = end;
  }

  #hasRoom(size: number): boolean {
    if (this.usedBytes + size + entryBytes <= this.budgetBytes) return true;
    if (this.count > 0) return false;
    this.#growArena(size);
    return true;
  }

  #putSize(at: number, size: number): number {
    if (size >= 0x80) return writeVarint(this.#arena, at, size);
    this.#arena[at] = size;
    return at + 1;
  }

  #addEntry(partition: number, key: Buffer, keyStart: number, keyBytes: number): void {
    const item = this.count;
    if (item === this.#offsets.length) {
      this.#offsets = grown(this.#offsets);
      this.#prefixes = grown(this.#prefixes);
      this.#partitions = grown(this.#partitions);
    }
    this.#offsets[item] = this.#used;
    this.#prefixes[item] = prefixAt(key, keyStart, keyStart + keyBytes);
    this.#partitions[item] = partition;
    this.count = item + 1;
  }

  #growArena(size: number): void {
    if (size <= this.#arena.length) return;
    this.#arena = Buffer.allocUnsafeSlow(size);
    this.#view = viewOf(this.#arena);
  }

  #locate(item: number): void {
    const start = this.#offsets[item] ?? 0;
    const first = this.#arena[start] ?? 0;
    if (first < 0x80) {
      this.#keyStart = start + 1;
      this.#keyEnd = start + 1 + first;
    } else {
      const size = this.#varints.read(this.#arena, start);
      this.#keyStart = this.#varints.at;
      this.#keyEnd = this.#keyStart + size;
    }
  }

  /** Orders neighbours whose partition and first four bytes are equal by the rest of their keys. */
  #sortTies(): void {
    const { count } = this;
    const order = this.#order;
    let start = 0;
    while (start < count) {
      const item = order[start] ?? 0;
      const prefix = this.#prefixes[item];
      const partition = this.#partitions[item];
      let end = start + 1;
      for (; end < count; end++) {
        const next = order[end] ?? 0;
        if (this.#prefixes[next] !== prefix || this.#partitions[next] !== partition) break;
      }
      if (end - start > 1) this.#sortTie(start, end);
      start = end;
    }
  }

  /** Ties of ties wait on a list instead of the call stack: keys may agree in a million bytes. */
  #sortTie(start: number, end: number): void {
    const waiting = [{ start, end, depth: 4 }];
    for (let tie = waiting.pop(); tie !== undefined; tie = waiting.pop()) {
      if (tie.end - tie.start <= tiesComparedMax) this.#compareTie(tie.start, tie.end, tie.depth);
      else this.#radixTie(tie, waiting);
    }
  }

  #compareTie(start: number, end: number, depth: number): void {
    const arena = this.#arena;
    const order = this.#order;
    const isBefore = (left: number, right: number): boolean => {
      this.#locate(left);
      const [leftStart, leftEnd] = [this.#keyStart, this.#keyEnd];
      this.#locate(right);
      return (
        compareBytes(arena, leftStart, leftEnd, arena, this.#keyStart, this.#keyEnd, depth) <= 0
      );
    };
    if (end - start <= 8) {
      for (let at = start + 1; at < end; at++) {
        const item = order[at] ?? 0;
        let to = at;
        for (; to > start && !isBefore(order[to - 1] ?? 0, item); to--)
          order[to] = order[to - 1] ?? 0;
        order[to] = item;
      }
      return;
    }
    order.subarray(start, end).sort((left, right) => {
      this.#locate(left);
      const [leftStart, leftEnd] = [this.#keyStart, this.#keyEnd];
      this.#locate(right);
      return compareBytes(arena, leftStart, leftEnd, arena, this.#keyStart, this.#keyEnd, depth);
    });
  }

  /** Sorts by the four bytes at `depth`; what is equal there and goes on waits for the next four. */
  #radixTie(tie: Tie, waiting: Tie[]): void {
    const size = tie.end - tie.start;
    const items = this.#order.subarray(tie.start, tie.end);
    const keys = new Uint32Array(size);
    let longest = 0;
    for (let at = 0; at < size; at++) {
      this.#locate(items[at] ?? 0);
      keys[at] = prefixAt(this.#arena, this.#keyStart + tie.depth, this.#keyEnd);
      longest = Math.max(longest, this.#keyEnd - this.#keyStart);
    }
    if (longest <= tie.depth) {
      // All bytes agree as far as they go: only the lengths, at most `depth`, can differ.
      for (let at = 0; at < size; at++) {
        this.#locate(items[at] ?? 0);
        keys[at] = this.#keyEnd - this.#keyStart;
      }
      this.#sorter.sort(keys, items, size);
      return;
    }
    this.#sorter.sort(keys, items, size);
    let start = 0;
    while (start < size) {
      let end = start + 1;
      while (end < size && keys[end] === keys[start]) end++;
      if (end - start > 1) {
        waiting.push({ start: tie.start + start, end: tie.start + end, depth: tie.depth + 4 });
      }
      start = end;
    }
  }
}

interface Tie {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

class SortedRecords implements RecordStream {
  readonly record = new RecordView();
  #index: number;

  constructor(
    readonly buffer: SortBuffer,
    start: number,
    readonly end: number,
  ) {
    this.#index = start - 1;
  }

  next(): boolean {
    this.#index++;
    if (this.#index >= this.end) return false;
    this.buffer.place(this.record, this.#index);
    return true;
  }
}

/** The four bytes from `start` as an unsigned number, zeros behind the end. */
function prefixAt(bytes: Buffer, start: number, end: number): number {
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

/** Short byte ranges by a loop, longer ones by the native copy. */
function putBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > 40) {
    to.set(from.subarray(start, end), at);
    return at + end - start;
  }
  let target = at;
  for (let source = start; source < end; source++) to[target++] = from[source] ?? 0;
  return target;
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
