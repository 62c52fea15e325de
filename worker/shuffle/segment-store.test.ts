import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readRunIndex } from "#worker/runs/run-file";
import { readGroups, segmentBytes, writeRun, type Row } from "./fixtures/runs.js";
import { SegmentStore } from "./segment-store.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-store-"));
afterAll(() => rmSync(folder, { recursive: true }));

let storeCount = 0;
function newStore(memoryBytes: number): SegmentStore {
  return new SegmentStore(join(folder, `store-${storeCount++}`), memoryBytes);
}

/** The segment of one map task. */
function segmentOf(rows: readonly Row[], codec: "none" | "lz4" = "none"): Buffer {
  const path = join(folder, "run");
  writeRun(path, [rows], codec);
  return segmentBytes(path, 0);
}

function give(store: SegmentStore, origin: number, bytes: Buffer, records = 1): void {
  const received = store.receive(origin, `w|${origin}|1`);
  received.begin(bytes.length, records);
  received.write(bytes.subarray(0, bytes.length >> 1));
  received.write(bytes.subarray(bytes.length >> 1));
  received.keep();
}

function filesOf(store: SegmentStore): string[] {
  try {
    return readdirSync(store.folder);
  } catch {
    return [];
  }
}

/** What a merge of all at once must give: by key, then by map task, then by emission. */
function expectedGroups(maps: readonly (readonly Row[])[]): unknown {
  const groups = new Map<string, unknown[]>();
  for (const [key, value] of maps.flat()) {
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

describe("a store of segments", () => {
  it("gives values in the order of map task and emission, whatever is merged when", () => {
    const row = fc.tuple(fc.constantFrom("", "a", "b", "same prefix 1", "same prefix 2"), fc.nat());
    const maps = fc.array(fc.array(row, { maxLength: 30 }), { maxLength: 90 });
    const kib = fc.constantFrom(1, 4, 6, 8, 16, 1024);
    const codec = fc.constantFrom<"none" | "lz4">("none", "lz4");
    const order = fc.infiniteStream(fc.nat());
    const property = fc.property(maps, kib, codec, order, (runs, memoryKib, packed, shuffle) => {
      const store = newStore(memoryKib * 1024);
      const arrivals = runs
        .map((rows, origin) => ({ rows, origin, at: shuffle.next().value }))
        .toSorted((a, b) => a.at - b.at);
      for (const { rows, origin } of arrivals) {
        if (rows.length > 0) give(store, origin, segmentOf(rows, packed), rows.length);
      }
      expect(store.records).toBe(runs.flat().length);
      expect(readGroups(store.merge())).toEqual(expectedGroups(runs));
    });
    fc.assert(property, { numRuns: 60 });
  });

  it("writes no file while everything fits into memory", () => {
    const store = newStore(1024 * 1024);
    for (let origin = 0; origin < 50; origin++) give(store, origin, segmentOf([["k", origin]]));
    expect(filesOf(store)).toEqual([]);
    expect(readGroups(store.merge())).toEqual([["k", Array.from({ length: 50 }, (_, at) => at)]]);
  });

  it("keeps within its memory, arriving segments and opened blocks included", () => {
    const memoryBytes = 256 * 1024;
    const store = newStore(memoryBytes);
    const rows = Array.from({ length: 400 }, (_, at): Row => [`key ${at}`, "y".repeat(100)]);
    const packed = segmentOf(rows, "lz4");
    const plain = segmentOf(rows);
    expect(packed.length).toBeLessThan(plain.length / 4);
    const arriving = [];
    let most = 0;
    for (let origin = 0; origin < 60; origin++) {
      const bytes = origin % 2 === 0 ? packed : plain;
      const received = store.receive(origin, "");
      received.begin(bytes.length, 400);
      received.write(bytes);
      arriving.push(received);
      if (arriving.length === 4) for (const one of arriving.splice(0)) one.keep();
      most = Math.max(most, store.memoryBytes);
    }
    expect(most).toBeLessThanOrEqual(memoryBytes);
    expect(most).toBeGreaterThan(memoryBytes / 2);
    const groups = readGroups(store.merge());
    expect(groups).toHaveLength(400);
    for (const [, values] of groups) expect(values).toHaveLength(60);
  });

  it("counts what many tiny segments cost", () => {
    const store = newStore(256 * 1024);
    const bytes = segmentOf([["k", 1]]);
    for (let origin = 0; origin < 3_000; origin++) give(store, origin, bytes);
    expect(store.memoryBytes).toBeLessThanOrEqual(256 * 1024);
    expect(filesOf(store).length).toBeLessThan(64);
    expect(readGroups(store.merge())[0]?.[1]).toHaveLength(3_000);
  });

  it("merges files before there are more than 64, and removes what it merged", () => {
    const store = newStore(0);
    const expected: unknown[] = [];
    for (let origin = 199; origin >= 0; origin--) {
      give(store, origin, segmentOf([["k", origin]]));
      expected.unshift(origin);
      expect(filesOf(store).length).toBeLessThanOrEqual(64);
    }
    expect(readGroups(store.merge())).toEqual([["k", expected]]);
  });

  it("leaves runs where they lie alone", () => {
    const store = newStore(0);
    const paths = Array.from({ length: 70 }, (_, origin) => join(folder, `own-${origin}`));
    for (const [origin, path] of paths.entries()) {
      writeRun(path, [[], [["k", origin]]]);
      const segment = readRunIndex(path)[1];
      if (segment === undefined) throw new Error("no segment");
      store.addDisk({ path, segment, origin, label: "", isOwn: false });
    }
    expect(readGroups(store.merge())[0]?.[1]).toHaveLength(70);
    for (const path of paths) expect(readRunIndex(path)).toHaveLength(2);
  });

  it("forgets what was discarded, in memory and on disk", () => {
    const store = newStore(64 * 1024);
    const small = segmentOf([["k", 1]]);
    const large = segmentOf([["k", "x".repeat(100_000)]]);
    for (const bytes of [small, large]) {
      const received = store.receive(0, "");
      received.begin(bytes.length, 1);
      received.write(bytes.subarray(0, 10));
      received.discard();
      received.discard();
    }
    expect(store.memoryBytes).toBe(0);
    expect(filesOf(store)).toEqual([]);
    expect(store.records).toBe(0);
    expect(readGroups(store.merge())).toEqual([]);
  });

  it("names the run whose bytes have gone bad, and closes what it had opened", () => {
    const store = newStore(16 * 1024);
    const broken = Buffer.from(segmentOf([["k", "a value"]]));
    broken[20] = (broken[20] ?? 0) ^ 1;
    give(store, 7, broken);
    const more = segmentOf([["k", "x".repeat(500)]]);
    const openBefore = readdirSync("/proc/self/fd").length;
    expect(() => {
      for (let origin = 0; origin < 20; origin++) give(store, origin, more);
    }).toThrow(expect.objectContaining({ details: { run: "w|7|1" } }));
    expect(readdirSync("/proc/self/fd").length).toBe(openBefore);
    expect(filesOf(store)).toEqual([]);
  });
});
