import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { JobValue } from "#shared/authoring/values";
import { encodeKey, keyKindOf, keyKinds } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { encodeValue } from "#shared/format/value";
import { FileBlocks } from "#worker/runs/block-source";
import { GroupReader } from "#worker/runs/groups";
import { hashBytes, partitionOfHash } from "#worker/runs/hash";
import { Merger } from "#worker/runs/merge";
import type { ValueOrder } from "#worker/runs/order-values";
import { RunCursor } from "#worker/runs/run-cursor";
import { readRunIndex } from "#worker/runs/run-file";
import { OrderBytes } from "./ordered-bytes.js";
import { OrderedEmitter } from "./ordered-emitter.js";
import { writeDistinct } from "./ordered-writers.js";
import { makePartitioner } from "./partitioner.js";
import { SortArena } from "./sort-arena.js";
import { Spills } from "./spills.js";
import { writeRecords, type StreamWriter } from "./stream-writers.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-ordered-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Key = string | number | Uint8Array;
type Row = readonly [key: Key, value: JobValue];

interface Emitting {
  readonly order: ValueOrder;
  readonly sortBytes?: number;
  readonly partitionCount?: number;
  readonly write?: StreamWriter;
  readonly sourceIndex?: number;
}

function emitterOf(options: Emitting): OrderedEmitter {
  const { order, sortBytes = 1_000_000, partitionCount = 1, write = writeRecords } = options;
  return new OrderedEmitter(
    new Spills(folder, partitionCount, "none", write),
    makePartitioner(undefined, {}, partitionCount),
    new OrderBytes(order, options.sourceIndex ?? 0),
    { arena: new SortArena(sortBytes), tableBytes: 0 },
  );
}

/** Groups of each partition, in order. */
function readGroups(partitionCount = 1): [Key, unknown[]][][] {
  const path = join(folder, "run");
  return readRunIndex(path)
    .slice(0, partitionCount)
    .map((segment) => {
      const merger = new Merger([new RunCursor(new FileBlocks(path, segment), 0, path)]);
      const groups = new GroupReader(merger, () => merger.keyKind);
      const read: [Key, unknown[]][] = [];
      while (groups.nextGroup()) {
        read.push([groups.decodeKey(merger.keyKind), [...groups.values()]]);
      }
      merger.close();
      return read;
    });
}

function encoded(key: Key): Buffer {
  const into = new Scratch();
  encodeKey(into, key);
  return Buffer.from(into.bytes.subarray(0, into.length));
}

/** Groups in key order; the values of each as `arrange` leaves them. */
function expectedGroups(
  rows: readonly Row[],
  arrange: (values: JobValue[]) => JobValue[],
): [Key, JobValue[]][] {
  const groups = new Map<string, [Key, JobValue[]]>();
  for (const [key, value] of rows) {
    const id = encoded(key).join();
    const group = groups.get(id) ?? [key, []];
    groups.set(id, group);
    group[1].push(value);
  }
  return [...groups.values()]
    .toSorted((a, b) => Buffer.compare(encoded(a[0]), encoded(b[0])))
    .map(([key, values]) => [key, arrange(values)]);
}

const byNumber = (a: JobValue, b: JobValue): number => Number(a) - Number(b);
const values = (
  isDescending: boolean,
  sortKeyOf: ((value: JobValue) => number) | null = null,
): ValueOrder => ({ kind: "values", isDescending, sortKeyOf });

const someMemory = fc.constantFrom(300, 3_000, 1_000_000);
const someKeys: readonly fc.Arbitrary<Key>[] = [
  fc.oneof(fc.constantFrom<Key>("", "\0", "\0\0", "a", "a\0", "a\0b"), fc.string({ maxLength: 3 })),
  fc.oneof(fc.constantFrom<Key>(1, 2, -0.5), fc.integer()),
  fc.array(fc.constantFrom(0, 1, 0xff), { maxLength: 3 }).map((bytes) => Uint8Array.from(bytes)),
];
const someRows = (value: fc.Arbitrary<JobValue>): fc.Arbitrary<readonly Row[]> =>
  fc.oneof(...someKeys.map((key) => fc.array(fc.tuple(key, value), { maxLength: 200 })));

describe("records with values in order", () => {
  it.each([
    ["ascending", false, (list: JobValue[]) => list.toSorted(byNumber)],
    ["descending", true, (list: JobValue[]) => list.toSorted((a, b) => byNumber(b, a))],
  ])("come out %s by value, however often they spilled", (_name, isDescending, arrange) => {
    fc.assert(
      fc.property(someRows(fc.integer({ min: -5, max: 5 })), someMemory, (rows, sortBytes) => {
        const emitter = emitterOf({ order: values(isDescending), sortBytes });
        for (const [key, value] of rows) emitter.emit(key, value);
        emitter.finish();
        expect(emitter.recordCount).toBe(rows.length);
        expect(readGroups()).toEqual([expectedGroups(rows, arrange)]);
      }),
      { numRuns: 80 },
    );
  });

  it("keep the order of emission where they sort alike", () => {
    const someValue = fc.tuple(fc.nat(3), fc.nat()) as fc.Arbitrary<JobValue>;
    const sortKeyOf = (value: JobValue): number => (value as number[])[0] ?? 0;
    fc.assert(
      fc.property(someRows(someValue), someMemory, (rows, sortBytes) => {
        const emitter = emitterOf({ order: values(false, sortKeyOf), sortBytes });
        for (const [key, value] of rows) emitter.emit(key, value);
        emitter.finish();
        const arrange = (list: JobValue[]): JobValue[] =>
          list.toSorted((a, b) => sortKeyOf(a) - sortKeyOf(b));
        expect(readGroups()).toEqual([expectedGroups(rows, arrange)]);
      }),
      { numRuns: 80 },
    );
  });

  it("go to the partition of their key, whatever the value", () => {
    const emitter = emitterOf({ order: values(false), partitionCount: 3 });
    const keys = Array.from({ length: 60 }, (_, index) => `key \0 ${index % 20}`);
    for (const [index, key] of keys.entries()) emitter.emit(key, index);
    emitter.finish();
    for (const [partition, groups] of readGroups(3).entries()) {
      expect(groups.length).toBeGreaterThan(0);
      for (const [key, group] of groups) {
        const bytes = encoded(key);
        expect(partitionOfHash(hashBytes(bytes, 0, bytes.length), 3)).toBe(partition);
        expect(group).toHaveLength(3);
      }
    }
  });

  it("are taken as bytes and as texts with numbers, too", () => {
    const asBytes = emitterOf({ order: values(true) });
    for (const text of ["k1", "k3", "a2"]) asBytes.emitBytes(Buffer.from(text), 0, 1, 2);
    asBytes.finish();
    expect(readGroups()).toEqual([
      [
        [Uint8Array.of(97), [Uint8Array.of(50)]],
        [Uint8Array.of(107), [Uint8Array.of(51), Uint8Array.of(49)]],
      ],
    ]);
    const asTexts = emitterOf({ order: values(false) });
    const bytes = Buffer.from("a\0a");
    for (const value of [2, -1, 1.5]) asTexts.emitText(bytes, 0, 3, value);
    asTexts.emitText(bytes, 0, 1, 7);
    asTexts.finish();
    expect(readGroups()).toEqual([
      [
        ["a", [7]],
        ["a\0a", [-1, 1.5, 2]],
      ],
    ]);
  });

  it("are taken with the bytes of their value as they are, in the order of their inputs", () => {
    const emitter = emitterOf({ order: { kind: "sources" }, sourceIndex: 1 });
    const [key, value] = [encoded("k"), new Scratch()];
    encodeValue(value, { list: [1] });
    const record = Buffer.concat([key, value.bytes.subarray(0, value.length)]);
    emitter.emitEncoded(keyKinds.string, record, 0, 1, record.length);
    emitter.emit("k", 2);
    emitter.finish();
    expect(readGroups()).toEqual([[["k", [{ list: [1] }, 2]]]]);
  });

  it("are refused one by one when they have no order", () => {
    const emitter = emitterOf({ order: values(false) });
    emitter.emit("k", [2]);
    expect(() => emitter.emit("k", { a: 1 })).toThrow(/sortValues may be a function/);
    expect(() => emitter.emit(1, 1)).toThrow(/keys of one job must be of one kind/);
    emitter.emit("k", [1]);
    emitter.finish();
    expect(readGroups()).toEqual([[["k", [[1], [2]]]]]);
    const promising = emitterOf({
      order: values(false, (() => Promise.reject(new Error("late"))) as unknown as () => number),
    });
    expect(() => promising.emit("k", 1)).toThrow(/sortValues returned a promise/);
  });

  it("are refused when key and order bytes are too large together", () => {
    const emitter = emitterOf({ order: values(false) });
    const half = "x".repeat(33 * 1024 * 1024);
    expect(() => emitter.emit(half, half)).toThrow(/too large together sizeBytes=/);
  });
});

describe("records with distinct values", () => {
  const someValue = fc.oneof(
    fc.constantFrom<JobValue>(0, -0, Number.NaN, null, true, false, "", "0", "a", 1.5),
    fc.integer({ min: -3, max: 3 }),
    fc.uint8Array({ maxLength: 1 }),
    fc.constantFrom<JobValue>([1, "a"], { a: 1 }),
  );

  /** What makes two values the same. */
  function identityOf(value: JobValue): unknown {
    if (value instanceof Uint8Array) return `bytes ${value.join()}`;
    return typeof value === "object" ? JSON.stringify(value) : value;
  }

  it("are stored once each, and counted without memory", () => {
    fc.assert(
      fc.property(someRows(someValue), someMemory, (rows, sortBytes) => {
        const order: ValueOrder = { kind: "distinct" };
        const emitter = emitterOf({ order, sortBytes, write: writeDistinct });
        for (const [key, value] of rows) emitter.emit(key, value);
        emitter.finish();
        const sets = new Map<string, Set<unknown>>();
        for (const [key, value] of rows) {
          const id = `${keyKindOf(key)} ${encoded(key).join()}`;
          sets.set(id, (sets.get(id) ?? new Set()).add(identityOf(value)));
        }
        const counted = readGroups()[0]?.map(([key, group]) => [
          `${keyKindOf(key)} ${encoded(key).join()}`,
          group.length,
        ]);
        const wanted = [...sets].map(([id, set]) => [id, set.size]);
        expect(new Map(counted as [string, number][])).toEqual(
          new Map(wanted as [string, number][]),
        );
      }),
      { numRuns: 150 },
    );
  });
});
