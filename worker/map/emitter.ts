import type { JobKey } from "#shared/authoring/values";
import { decodeKey, encodeKey, keyKindOf, keyKinds, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import {
  decodeNumber,
  decodeValue,
  encodeNumber,
  encodeValue,
  isNumberTag,
  valueTags,
} from "#shared/format/value";
import { readWtf8 } from "#shared/format/wtf8";
import { notANumber } from "#worker/runs/accumulator";
import { mixedKinds } from "#worker/runs/run-cursor";
import type { RunSummary } from "#worker/runs/run-writer";
import { CombineTable } from "./combine-table.js";
import {
  operationsOf,
  takesAnyValue,
  totalsEncoder,
  type EncodeTotals,
  type FoldedAggregate,
} from "./folded-aggregates.js";
import type { CombineKernel, WordRules } from "./kernel/combine-kernel.js";
import type { Partitioner } from "./partitioner.js";
import type { SortArena } from "./sort-arena.js";
import { SortBuffer } from "./sort-buffer.js";
import type { Spills } from "./spills.js";
import { writeRecords } from "./stream-writers.js";

/** Takes what a map attempt emits. */
export interface Emitter {
  /** Records emitted so far. */
  readonly recordCount: number;
  emit(key: JobKey, value: unknown): void;
  /** A record that is bytes already: the key, then the value, lying one behind the other. */
  emitBytes(bytes: Buffer, keyStart: number, keyEnd: number, valueEnd: number): void;
  /** A record as it is encoded, the value lying behind the key. */
  emitEncoded(
    kind: KeyKind,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number,
  ): void;
  /** A text, encoded as a key is, with a number. */
  emitText(bytes: Buffer, start: number, end: number, value: number): void;
  /**
   * A line that a program wrote: key and value are texts, encoded as they lie there, whatever bytes they
   * are. A `valueStart` below 0 stands for no value.
   */
  emitLine(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void;
  /** True when `drain` must be awaited before more is emitted. */
  readonly isFull: boolean;
  drain(): Promise<void>;
}

/** Memory of a map attempt's buffers, from what its slot may use. */
export interface MapMemory {
  readonly arena: SortArena;
  readonly tableBytes: number;
  /** Of the attempt's one combine table; it makes its own when absent. */
  readonly kernel?: () => CombineKernel;
}

/** Sorts records as they are; a user's combiner runs when they are written. */
export class SortEmitter implements Emitter {
  recordCount = 0;
  protected readonly buffer: SortBuffer;
  readonly #key = new Scratch(256);
  readonly #value = new Scratch(256);
  #keyKind: KeyKind = keyKinds.none;

  constructor(
    readonly spills: Spills,
    readonly partitioner: Partitioner,
    memory: MapMemory,
  ) {
    this.buffer = new SortBuffer(memory.arena, spills.partitionCount);
  }

  get isFull(): boolean {
    return false;
  }

  get keyKind(): KeyKind {
    return this.#keyKind;
  }

  emit(key: JobKey, value: unknown): void {
    const kind = keyKindOf(key);
    if (kind !== this.#keyKind) this.#setKind(kind);
    const encodedKey = this.#key;
    const encodedValue = this.#value;
    encodedKey.length = 0;
    encodedValue.length = 0;
    encodeKey(encodedKey, key);
    encodeValue(encodedValue, value);
    this.#add(encodedKey.bytes, 0, encodedKey.length, encodedValue.bytes, 0, encodedValue.length);
    this.recordCount++;
  }

  emitBytes(bytes: Buffer, keyStart: number, keyEnd: number, valueEnd: number): void {
    if (this.#keyKind !== keyKinds.bytes) this.#setKind(keyKinds.bytes);
    this.recordCount++;
    const partition = this.partitioner.of(keyKinds.bytes, bytes, keyStart, keyEnd);
    if (this.buffer.arena.addBytes(partition, bytes, keyStart, keyEnd, valueEnd)) return;
    this.spills.spill(this.buffer);
    this.buffer.arena.addBytes(partition, bytes, keyStart, keyEnd, valueEnd);
  }

  /** Whether `emitFixed` may be used: nothing must be awaited between records. */
  get takesFixed(): boolean {
    return true;
  }

  /** As `emitBytes` for each of `count` records of one length that lie one behind another. */
  emitFixed(
    bytes: Buffer,
    start: number,
    count: number,
    recordBytes: number,
    keyBytes: number,
  ): void {
    if (count > 0 && this.#keyKind !== keyKinds.bytes) this.#setKind(keyKinds.bytes);
    const { arena } = this.buffer;
    const { partitioner } = this;
    this.recordCount += count;
    for (let done = 0; done < count;) {
      const first = arena.count;
      let at = start + done * recordBytes;
      const added = arena.addFixed(bytes, at, count - done, recordBytes, keyBytes);
      const { partitions } = arena;
      for (let item = first; item < first + added; item++, at += recordBytes) {
        partitions[item] = partitioner.of(keyKinds.bytes, bytes, at, at + keyBytes);
      }
      done += added;
      if (done === count) return;
      // Where there is no room for one more, it finds or makes it as a single record does.
      this.#passOn(bytes, start + done * recordBytes, recordBytes, keyBytes);
      done++;
    }
  }

  /** Takes the record that there was no room for. */
  #passOn(bytes: Buffer, start: number, recordBytes: number, keyBytes: number): void {
    this.recordCount--;
    this.emitBytes(bytes, start, start + keyBytes, start + recordBytes);
  }

  emitEncoded(
    kind: KeyKind,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number,
  ): void {
    if (kind !== this.#keyKind) this.#setKind(kind);
    this.#add(bytes, keyStart, keyEnd, bytes, keyEnd, valueEnd);
    this.recordCount++;
  }

  emitLine(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (this.#keyKind !== keyKinds.string) this.#setKind(keyKinds.string);
    this.recordCount++;
    const { arena } = this.buffer;
    const partition = this.partitioner.of(keyKinds.string, bytes, keyStart, keyEnd);
    const tag = valueStart < 0 ? valueTags.null : valueTags.string;
    const from = valueStart < 0 ? valueEnd : valueStart;
    if (arena.addTagged(partition, bytes, keyStart, keyEnd, tag, from, valueEnd)) return;
    this.spills.spill(this.buffer);
    arena.addTagged(partition, bytes, keyStart, keyEnd, tag, from, valueEnd);
  }

  emitText(bytes: Buffer, start: number, end: number, value: number): void {
    if (this.#keyKind !== keyKinds.string) this.#setKind(keyKinds.string);
    const encodedValue = this.#value;
    encodedValue.length = 0;
    encodeNumber(encodedValue, value);
    this.#add(bytes, start, end, encodedValue.bytes, 0, encodedValue.length);
    this.recordCount++;
  }

  async drain(): Promise<void> {}

  finish(): RunSummary {
    return this.spills.finish(this.buffer);
  }

  #add(
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const partition = this.partitioner.of(this.#keyKind, key, keyStart, keyEnd);
    const { buffer } = this;
    if (buffer.arena.add(partition, key, keyStart, keyEnd, value, valueStart, valueEnd)) return;
    this.spills.spill(buffer);
    buffer.arena.add(partition, key, keyStart, keyEnd, value, valueStart, valueEnd);
  }

  #setKind(kind: KeyKind): void {
    if (this.#keyKind !== keyKinds.none) throw mixedKinds(this.#keyKind, kind);
    this.#keyKind = kind;
    this.spills.keyKind = kind;
  }
}

/** Folds numbers by key in a table before anything is sorted. */
export class CombineEmitter implements Emitter {
  readonly isFull = false;
  readonly #table: CombineTable;
  readonly #buffer: SortBuffer;
  readonly #value = new Scratch(32);
  readonly #encode: EncodeTotals;
  readonly #name: FoldedAggregate["name"];
  /** Whether values are only counted, so that any kind will do. */
  readonly #takesAny: boolean;
  #hasDrained = false;
  #keyKind: KeyKind = keyKinds.none;

  constructor(
    aggregate: FoldedAggregate,
    readonly spills: Spills,
    readonly partitioner: Partitioner,
    readonly memory: MapMemory,
  ) {
    this.#name = aggregate.name;
    this.#takesAny = takesAnyValue(aggregate);
    this.#encode = totalsEncoder(aggregate);
    const { kernel, tableBytes } = memory;
    this.#table = new CombineTable(operationsOf(aggregate), kernel?.(), tableBytes);
    this.#buffer = new SortBuffer(memory.arena, spills.partitionCount);
  }

  get recordCount(): number {
    return this.#table.recordCount;
  }

  emit(key: JobKey, value: unknown): void {
    let number = 1;
    if (this.#takesAny) number = 1;
    else if (typeof value === "number") number = value;
    else throw notANumber(this.#name, kindOf(value));
    if (typeof key === "string") {
      if (this.#keyKind !== keyKinds.string) this.#setKind(keyKinds.string);
      this.#table.addText(key, number);
    } else {
      const kind = keyKindOf(key);
      if (this.#keyKind !== kind) this.#setKind(kind);
      this.#table.addKey(key, number);
    }
    if (this.#table.usedBytes > this.memory.tableBytes) this.#drainTable();
  }

  emitText(bytes: Buffer, start: number, end: number, value: number): void {
    if (this.#keyKind !== keyKinds.string) this.#setKind(keyKinds.string);
    this.#table.addBytes(bytes, start, end, this.#takesAny ? 1 : value);
    if (this.#table.usedBytes > this.memory.tableBytes) this.#drainTable();
  }

  /** See `CombineTable.addWords`; what is left to the caller comes back by `emit`. */
  emitWords(
    bytes: Buffer,
    start: number,
    end: number,
    rules: WordRules,
    onException: (start: number, end: number) => void,
  ): number {
    if (this.#keyKind !== keyKinds.string) this.#setKind(keyKinds.string);
    const lineFeeds = this.#table.addWords(bytes, start, end, rules, onException);
    if (this.#table.usedBytes > this.memory.tableBytes) this.#drainTable();
    return lineFeeds;
  }

  /** Whether `emitWords` may mark runs, which `splitRun` is then asked about. */
  get canMark(): boolean {
    return this.#table.canMark;
  }

  splitRun: ((bytes: Buffer, start: number, end: number) => readonly string[]) | undefined;

  get wordsBytesMax(): number {
    return this.#table.wordsBytesMax;
  }

  emitBytes(bytes: Buffer, keyStart: number, keyEnd: number): void {
    this.emit(bytes.subarray(keyStart, keyEnd), null);
  }

  emitEncoded(
    kind: KeyKind,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number,
  ): void {
    if (kind === keyKinds.string && isNumberTag(bytes[keyEnd])) {
      this.emitText(bytes, keyStart, keyEnd, decodeNumber(bytes, keyEnd));
    } else {
      this.emit(decodeKey(kind, bytes, keyStart, keyEnd), decodeValue(bytes, keyEnd, valueEnd));
    }
  }

  /** The value of a line is a text: only what counts takes it. */
  emitLine(bytes: Buffer, keyStart: number, keyEnd: number): void {
    if (!this.#takesAny) throw notANumber(this.#name, "a string");
    this.emit(readWtf8(bytes, keyStart, keyEnd), 1);
  }

  async drain(): Promise<void> {}

  finish(): RunSummary {
    // A table that was never emptied holds every key once: there is nothing left to combine.
    if (!this.#hasDrained) this.spills.write = writeRecords;
    this.#drainTable();
    return this.spills.finish(this.#buffer);
  }

  #drainTable(): void {
    this.#hasDrained = true;
    const { arena } = this.#buffer;
    const value = this.#value;
    this.#table.drain((bytes, keyStart, keyEnd, totals, at) => {
      value.length = 0;
      this.#encode(value, totals, at);
      const partition = this.partitioner.of(this.#keyKind, bytes, keyStart, keyEnd);
      if (arena.add(partition, bytes, keyStart, keyEnd, value.bytes, 0, value.length)) return;
      this.spills.spill(this.#buffer);
      arena.add(partition, bytes, keyStart, keyEnd, value.bytes, 0, value.length);
    }, this.splitRun);
  }

  #setKind(kind: KeyKind): void {
    if (this.#keyKind !== keyKinds.none) throw mixedKinds(this.#keyKind, kind);
    this.#keyKind = kind;
    this.spills.keyKind = kind;
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value === "object") return "an array or object";
  return `a ${typeof value}`;
}
