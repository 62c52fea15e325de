import { blockHeaderBytes, blockTargetBytes } from "#shared/format/run-block";
import { compareBytes, RecordView, type RecordStream } from "#worker/runs/record-view";
import type { RunWriter } from "#worker/runs/run-writer";
import { prefixAt, type SortArena } from "./sort-arena.js";
import { RadixSorter, splitByPartition } from "./sort-order.js";

/** Ties of more records than this are sorted by their next bytes; fewer, by comparing. */
const comparedMax = 512;
/** Up to so many, moving each to its place beats the general sort. */
const insertedMax = 12;

/** The records of one partition, in order; valid until the buffer is cleared. */
export interface SortedPartition {
  readonly partition: number;
  readonly stream: RecordStream;
  /** Writes all records as they are. */
  writeTo(writer: RunWriter): void;
}

/** Sorts the records of an arena by partition, then key, then order of arrival. */
export class SortBuffer {
  readonly #sorter = new RadixSorter();
  #order: Uint32Array = new Uint32Array(0);
  /** First four key bytes of each record, in order. */
  #keys: Uint32Array = new Uint32Array(0);
  /** Where each partition begins in the order; one more at the end. */
  #starts: Uint32Array = new Uint32Array(1);

  constructor(
    readonly arena: SortArena,
    readonly partitionCount: number,
  ) {
    arena.clear();
  }

  get count(): number {
    return this.arena.count;
  }

  /** Sorts what was added; afterwards `partitions` gives it. */
  sort(): void {
    const { count, partitions, prefixes } = this.arena;
    const split = splitByPartition(partitions, prefixes, count, this.partitionCount);
    this.#order = split.items;
    this.#keys = split.keys;
    this.#starts = split.starts;
    for (let partition = 0; partition < this.partitionCount; partition++) {
      const start = this.#starts[partition] ?? 0;
      const end = this.#starts[partition + 1] ?? 0;
      if (end - start > comparedMax) this.#sortPartition(start, end);
      else if (end - start > 1) this.#compare(start, end, 0);
    }
  }

  /** The partitions that have records, ascending. */
  *partitions(): Generator<SortedPartition> {
    const { arena } = this;
    for (let partition = 0; partition < this.partitionCount; partition++) {
      const start = this.#starts[partition] ?? 0;
      const end = this.#starts[partition + 1] ?? 0;
      if (start === end) continue;
      const items = this.#order.subarray(start, end);
      yield {
        partition,
        stream: new SortedRecords(arena, items),
        writeTo: (writer) => writeItems(arena, items, writer),
      };
    }
  }

  clear(): void {
    this.arena.clear();
  }

  #sortPartition(start: number, end: number): void {
    const keys = this.#keys.subarray(start, end);
    const items = this.#order.subarray(start, end);
    this.#sorter.sort(keys, items, end - start);
    // Ties of ties wait on a list instead of the call stack: keys may agree in a million bytes.
    const waiting: Tie[] = [];
    collectTies(keys, start, 4, waiting);
    for (let tie = waiting.pop(); tie !== undefined; tie = waiting.pop()) {
      if (tie.end - tie.start <= comparedMax) this.#compare(tie.start, tie.end, tie.depth);
      else this.#sortTie(tie, waiting);
    }
  }

  /** Orders records whose keys agree in their first `depth` bytes by comparing the rest. */
  #compare(start: number, end: number, depth: number): void {
    const { arena } = this;
    const order = this.#order;
    const compare = (left: number, right: number): number => {
      arena.locate(left);
      const { keyStart, keyEnd, bytes } = arena;
      arena.locate(right);
      return compareBytes(bytes, keyStart, keyEnd, bytes, arena.keyStart, arena.keyEnd, depth);
    };
    if (end - start > insertedMax) {
      order.subarray(start, end).sort(compare);
      return;
    }
    for (let at = start + 1; at < end; at++) {
      const item = order[at] ?? 0;
      let to = at;
      for (; to > start && compare(order[to - 1] ?? 0, item) > 0; to--) {
        order[to] = order[to - 1] ?? 0;
      }
      order[to] = item;
    }
  }

  /** Sorts by the four bytes at `depth`; what is equal there and goes on waits for the next four. */
  #sortTie(tie: Tie, waiting: Tie[]): void {
    const { arena } = this;
    const size = tie.end - tie.start;
    const items = this.#order.subarray(tie.start, tie.end);
    const keys = new Uint32Array(size);
    let longest = 0;
    for (let at = 0; at < size; at++) {
      arena.locate(items[at] ?? 0);
      const keyBytes = arena.keyEnd - arena.keyStart;
      keys[at] = prefixAt(arena.bytes, arena.keyStart + tie.depth, arena.keyEnd);
      longest = Math.max(longest, keyBytes);
    }
    if (longest <= tie.depth) {
      // All bytes agree as far as they go: only the lengths, at most `depth`, can differ.
      for (let at = 0; at < size; at++) {
        arena.locate(items[at] ?? 0);
        keys[at] = arena.keyEnd - arena.keyStart;
      }
      this.#sorter.sort(keys, items, size);
      return;
    }
    this.#sorter.sort(keys, items, size);
    collectTies(keys, tie.start, tie.depth + 4, waiting);
  }
}

/** Records `[start, end)` of the order, whose keys agree in their first `depth` bytes. */
interface Tie {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/** Adds every stretch of equal numbers in `keys`, which lies at `base` of the order. */
function collectTies(keys: Uint32Array, base: number, depth: number, ties: Tie[]): void {
  let start = 0;
  const size = keys.length;
  for (let at = 1; at <= size; at++) {
    if (at < size && keys[at] === keys[start]) continue;
    if (at - start > 1) ties.push({ start: base + start, end: base + at, depth });
    start = at;
  }
}

class SortedRecords implements RecordStream {
  readonly record = new RecordView();
  #index = -1;

  constructor(
    readonly arena: SortArena,
    readonly items: Uint32Array,
  ) {}

  next(): boolean {
    this.#index++;
    if (this.#index >= this.items.length) return false;
    this.arena.place(this.record, this.items[this.#index] ?? 0);
    return true;
  }
}

/** Writes the items in order, block by block. */
function writeItems(arena: SortArena, items: Uint32Array, writer: RunWriter): void {
  const { memory, count, used } = arena;
  memory.gather(
    items,
    count,
    used,
    blockHeaderBytes,
    blockTargetBytes,
    (usedBytes, records) => writer.addBlock(memory.block, usedBytes - blockHeaderBytes, records),
    (item) => writer.add(arena.bytes, arena.view, arena.offsets[item] ?? 0, arena.endOf(item), 0),
  );
}
