import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { FileBlocks } from "#worker/runs/block-source";
import { GroupReader } from "#worker/runs/groups";
import { Merger } from "#worker/runs/merge";
import { RunCursor } from "#worker/runs/run-cursor";
import { readRunIndex } from "#worker/runs/run-file";
import { CombineEmitter, SortEmitter, type MapMemory } from "./emitter.js";
import { makePartitioner } from "./partitioner.js";
import { SortArena } from "./sort-arena.js";
import { Spills } from "./spills.js";
import {
  writeAggregates,
  writeCombined,
  writeRecords,
  type StreamWriter,
} from "./stream-writers.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-map-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Key = string | number;
type Groups = Map<string, unknown[]>;

function readRun(partitionCount: number): Groups[] {
  const path = join(folder, "run");
  return readRunIndex(path)
    .slice(0, partitionCount)
    .map((segment) => {
      const merger = new Merger([new RunCursor(new FileBlocks(path, segment), 0, path)]);
      const groups = new GroupReader(merger);
      const read: Groups = new Map();
      while (groups.nextGroup()) {
        const key = String(groups.decodeKey(merger.keyKind));
        expect(read.has(key), `key ${key} twice`).toBe(false);
        read.set(key, [...groups.values()]);
      }
      merger.close();
      return read;
    });
}

function spillsOf(partitionCount: number, write: StreamWriter): Spills {
  return new Spills(folder, partitionCount, "none", write);
}

function memoryOf(sortBytes: number, tableBytes: number): MapMemory {
  return { arena: new SortArena(sortBytes), tableBytes };
}

/** Memory from one record a spill to everything in one buffer. */
const someMemory = fc.constantFrom(200, 2_000, 20_000, 1_000_000);
const someKey = fc.oneof(
  fc.constantFrom("", "\0", "a", "a\0\0", "aaaaaaaa", "aaaaaaab", "aaaa", "\ud800", "é", "日本語"),
  fc.string({ maxLength: 80 }),
);

describe("what a map attempt emits", () => {
  it("comes out sorted, whole and in order of emission, however often it spilled", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(someKey, fc.nat()), { maxLength: 300 }),
        someMemory,
        fc.integer({ min: 1, max: 5 }),
        (rows, sortBytes, partitionCount) => {
          const partitioner = makePartitioner(undefined, {}, partitionCount);
          const spills = spillsOf(partitionCount, writeRecords);
          const emitter = new SortEmitter(spills, partitioner, memoryOf(sortBytes, 0));
          for (const [key, value] of rows) emitter.emit(key, value);
          emitter.finish();
          const expected = group(rows);
          const parts = readRun(partitionCount);
          expect(merged(parts)).toEqual(sortedByKey(expected));
          expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(expected.size);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("sorts thousands of keys that agree in a long prefix", () => {
    const spills = spillsOf(1, writeRecords);
    const partitioner = makePartitioner(undefined, {}, 1);
    const emitter = new SortEmitter(spills, partitioner, memoryOf(64_000_000, 0));
    const keys = Array.from({ length: 5_000 }, (_, index) => {
      return `https://example.com/a/rather/long/path/${(index * 7919) % 5_000}`;
    });
    keys.push(...keys.slice(0, 3_000));
    for (const [index, key] of keys.entries()) emitter.emit(key, index);
    emitter.finish();
    const expected = group(keys.map((key, index) => [key, index] as const));
    expect([...(readRun(1)[0] ?? [])]).toEqual([...sortedByKey(expected)]);
  });

  it("keeps a record that is larger than the buffer", () => {
    const spills = spillsOf(1, writeRecords);
    const partitioner = makePartitioner(undefined, {}, 1);
    const emitter = new SortEmitter(spills, partitioner, memoryOf(1_000, 0));
    const key = "k".repeat(100_000);
    emitter.emit("small", 1);
    emitter.emit(key, "v".repeat(200_000));
    emitter.emit("tiny", 2);
    emitter.finish();
    expect([...(readRun(1)[0]?.keys() ?? [])]).toEqual([key, "small", "tiny"]);
  });

  it("refuses a key or a value of more than 64 MiB", () => {
    const partitioner = makePartitioner(undefined, {}, 1);
    const large = "x".repeat(64 * 1024 * 1024 + 1);
    const sorting = new SortEmitter(spillsOf(1, writeRecords), partitioner, memoryOf(1_000, 0));
    expect(() => sorting.emit(large, 1)).toThrow(/emitted key is too large keyBytes=67108865/);
    expect(() => sorting.emit("k", large)).toThrow(/emitted value is too large/);
    const spills = spillsOf(1, writeAggregates({ name: "sum" }));
    const combining = new CombineEmitter(
      { name: "sum" },
      spills,
      partitioner,
      memoryOf(1_000, 1_000),
    );
    expect(() => combining.emit(large, 1)).toThrow(/emitted key is too large/);
  });

  it("refuses a second kind of key", () => {
    const partitioner = makePartitioner(undefined, {}, 1);
    const memory = memoryOf(1_000, 1_000);
    const emitter = new SortEmitter(spillsOf(1, writeRecords), partitioner, memory);
    emitter.emit("a", 1);
    expect(() => emitter.emit(1, 1)).toThrow(/both string and number keys were emitted/);
  });
});

describe("the combine table", () => {
  const aggregates = {
    sum: (values: number[]) => values.reduce((a, b) => a + b, 0),
    count: (values: number[]) => values.length,
    min: (values: number[]) => Math.min(...values),
    max: (values: number[]) => Math.max(...values),
    mean: (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length,
  };

  for (const [name, compute] of Object.entries(aggregates)) {
    it(`gives the same ${name} as a plain computation, in any memory`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(someKey, fc.integer({ min: -1000, max: 1000 })), { maxLength: 300 }),
          someMemory,
          fc.constantFrom(0, 100_000_000),
          (rows, sortBytes, tableBytes) => {
            const aggregate = name as keyof typeof aggregates;
            const partitioner = makePartitioner(undefined, {}, 3);
            const spills = spillsOf(3, writeAggregates({ name: aggregate }));
            const memory = memoryOf(sortBytes, tableBytes);
            const emitter = new CombineEmitter({ name: aggregate }, spills, partitioner, memory);
            for (const [key, value] of rows) emitter.emit(key, value);
            emitter.finish();
            const expected = new Map(
              [...group(rows)].map(([key, values]) => [key, [compute(values as number[])]]),
            );
            expect(merged(readRun(3))).toEqual(sortedByKey(expected));
          },
        ),
        { numRuns: 40 },
      );
    });
  }

  it("takes number keys and keys longer than a lane", () => {
    const partitioner = makePartitioner(undefined, {}, 1);
    const memory = memoryOf(1_000_000, 1_000_000);
    const numbers = new CombineEmitter(
      { name: "sum" },
      spillsOf(1, writeAggregates({ name: "sum" })),
      partitioner,
      memory,
    );
    for (let index = 0; index < 5_000; index++) numbers.emit((index * 31) % 100, 1);
    numbers.finish();
    expect([...(readRun(1)[0] ?? [])]).toEqual(
      Array.from({ length: 100 }, (_, key) => [String(key), [50]]),
    );
    const long = new CombineEmitter(
      { name: "sum" },
      spillsOf(1, writeAggregates({ name: "sum" })),
      partitioner,
      memory,
    );
    for (let index = 0; index < 10; index++) long.emit("x".repeat(1_000 + (index % 2)), 0.5);
    long.finish();
    expect([...(readRun(1)[0]?.values() ?? [])]).toEqual([[2.5], [2.5]]);
  });

  it("refuses a value that is no number", () => {
    const memory = memoryOf(1_000, 1_000);
    const spills = spillsOf(1, writeAggregates({ name: "sum" }));
    const emitter = new CombineEmitter(
      { name: "sum" },
      spills,
      makePartitioner(undefined, {}, 1),
      memory,
    );
    expect(() => emitter.emit("a", "1")).toThrow(
      "sum() takes numbers, but the value emitted is a string",
    );
  });
});

describe("a user's combiner", () => {
  const makeWriter = (otherKey: boolean): StreamWriter =>
    writeCombined({
      combine: (key, values, { emit }) => {
        let total = 0;
        for (const value of values) total += Number(value);
        emit(otherKey ? `${String(key)}!` : key, total);
      },
      makeContext: (emit) => ({
        emit,
        params: {},
        side: {},
        former: { counters: {} },
        round: 1,
        stage: "map",
        taskIndex: 0,
        attempt: 1,
        count: () => {},
      }),
      onGroup: () => {},
      onEnd: () => {},
    });

  it("sees every group when it is written and again when spills are merged", () => {
    const partitioner = makePartitioner(undefined, {}, 1);
    const memory = memoryOf(500, 0);
    const emitter = new SortEmitter(spillsOf(1, makeWriter(false)), partitioner, memory);
    for (let index = 0; index < 1_000; index++) emitter.emit(`k${index % 10}`, 1);
    emitter.finish();
    expect(merged(readRun(1))).toEqual(
      new Map(Array.from({ length: 10 }, (_, index) => [`k${index}`, [100]])),
    );
  });

  it("may not emit another key", () => {
    const memory = memoryOf(10_000, 0);
    const emitter = new SortEmitter(
      spillsOf(1, makeWriter(true)),
      makePartitioner(undefined, {}, 1),
      memory,
    );
    emitter.emit("a", 1);
    expect(() => emitter.finish()).toThrow(/combine emitted another key/);
  });
});

describe("partitioners", () => {
  const bytes = Buffer.from("mnop");

  it("cut ranges at their boundaries", () => {
    const partitioner = makePartitioner(
      { kind: "range", boundaries: () => ["b", "mn", "x"] },
      {},
      4,
    );
    const of = (text: string): number => partitioner.of(1, Buffer.from(text), 0, text.length);
    expect(["", "a", "b", "m", "mn", "mnz", "x", "zz"].map(of)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it("refuse boundaries that do not fit", () => {
    const make = (boundaries: readonly Key[]) =>
      makePartitioner({ kind: "range", boundaries: () => boundaries }, {}, 3);
    expect(() => make(["a"])).toThrow("byRange() has 1 boundaries; 3 partitions need 2");
    expect(() => make(["b", "a"])).toThrow("must ascend");
    expect(() => make([1, 2]).of(1, bytes, 0, 4)).toThrow(/boundaries are number keys/);
  });

  it("refuse what a user's function must not return", () => {
    for (const wrong of [-1, 3, 0.5, Number.NaN]) {
      const partitioner = makePartitioner(() => wrong, {}, 3);
      expect(() => partitioner.of(1, bytes, 0, 4)).toThrow(/partition\(\) returned .*0 to 2/);
    }
  });

  it("spread hashed keys evenly", () => {
    const partitioner = makePartitioner(undefined, {}, 10);
    const counts = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index++) {
      const key = Buffer.from(`key-${index}`);
      const partition = partitioner.of(1, key, 0, key.length);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });
});

function group(rows: readonly (readonly [string, unknown])[]): Groups {
  const groups: Groups = new Map();
  for (const [key, value] of rows) {
    const values = groups.get(key);
    if (values === undefined) groups.set(key, [value]);
    else values.push(value);
  }
  return groups;
}

function sortedByKey(groups: Groups): Groups {
  const encode = (key: string): Buffer => Buffer.from(key);
  return new Map([...groups].toSorted(([a], [b]) => Buffer.compare(encode(a), encode(b))));
}

function merged(parts: readonly Groups[]): Groups {
  return sortedByKey(new Map(parts.flatMap((part) => [...part])));
}
