import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { identity } from "#shared/authoring/aggregates";
import { sourcesOf } from "#shared/authoring/any-job";
import type { TaskContext } from "#shared/authoring/context";
import { fixedLength } from "#shared/authoring/readers";
import { LocalStorage } from "#shared/storage/local";
import { SortEmitter } from "./emitter.js";
import { makePartitioner } from "./partitioner.js";
import { openRecords } from "./readers/open-records.js";
import { MapRun } from "./run-map.js";
import { SortArena } from "./sort-arena.js";
import { Spills } from "./spills.js";
import { writeRecords } from "./stream-writers.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-fixed-"));
afterAll(() => rmSync(folder, { recursive: true }));

const partitionCount = 3;

/** The run file of what `emit` hands on. */
function runOf(sortBytes: number, emit: (emitter: SortEmitter) => void): Buffer {
  const spills = new Spills(folder, partitionCount, "none", writeRecords);
  const memory = { arena: new SortArena(sortBytes), tableBytes: 0 };
  const emitter = new SortEmitter(spills, makePartitioner(undefined, {}, partitionCount), memory);
  emit(emitter);
  emitter.finish();
  return readFileSync(join(folder, "run"));
}

it("records of one length, taken at once, give the run that they give one by one", () => {
  const shapes = fc
    .tuple(fc.constantFrom(1, 2, 3, 4, 5, 16, 17, 100, 127, 128, 200, 5000), fc.nat())
    .map(([recordBytes, key]) => ({ recordBytes, keyBytes: key % (recordBytes + 1) }));
  fc.assert(
    fc.property(
      shapes,
      fc.integer({ min: 0, max: 300 }),
      fc.constantFrom(200, 3_000, 30_000, 5_000_000),
      fc.integer(),
      ({ recordBytes, keyBytes }, count, sortBytes, seed) => {
        const bytes = Buffer.alloc(count * recordBytes + 7);
        let state = seed;
        for (let at = 0; at < bytes.length; at++) {
          state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
          bytes[at] = (state >>> 16) & 3;
        }
        const atOnce = runOf(sortBytes, (emitter) => {
          const half = count >> 1;
          emitter.emitFixed(bytes, 7, half, recordBytes, keyBytes);
          const rest = 7 + half * recordBytes;
          emitter.emitFixed(bytes, rest, count - half, recordBytes, keyBytes);
          expect(emitter.recordCount).toBe(count);
        });
        const oneByOne = runOf(sortBytes, (emitter) => {
          for (let at = 7; at < bytes.length; at += recordBytes) {
            emitter.emitBytes(bytes, at, at + keyBytes, at + recordBytes);
          }
        });
        expect(atOnce.equals(oneByOne)).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});

it("records around the size of a block are written whole and in order", () => {
  const sizes = [10, 131_000, 131_072, 262_100, 262_144, 262_160, 400_000, 20, 3_000_000, 1];
  const run = runOf(1_000_000, (emitter) => {
    for (const [index, size] of sizes.entries()) {
      emitter.emit(String(index), new Uint8Array(size).fill(65 + index));
    }
  });
  for (const [index, size] of sizes.entries()) {
    expect(run.includes(Buffer.alloc(size, 65 + index)), `record ${index}`).toBe(true);
    expect(run.includes(Buffer.alloc(size + 1, 65 + index)), `record ${index}`).toBe(false);
  }
});

it("names the record whose partition cannot be told", async () => {
  const location = join(folder, "records");
  writeFileSync(location, "aabbccdd");
  const range = { location, startByte: 0, endByte: 8, fileBytes: 8, version: "" };
  const { version } = (await new LocalStorage("/").stat(location.slice(1))) ?? range;
  const input = fixedLength({ recordBytes: 2, keyBytes: 1 });
  const partition = (key: unknown): number => {
    if (String(key) === "99") throw new TypeError("no c, please");
    return 0;
  };
  const step = { name: "s", input, map: identity(), partition };
  const memory = { arena: new SortArena(1000), tableBytes: 0 };
  const spills = new Spills(folder, partitionCount, "none", writeRecords);
  const emitter = new SortEmitter(spills, makePartitioner(partition, {}, partitionCount), memory);
  const placeOf = (key: string) => ({ backend: new LocalStorage("/"), key: key.slice(1) });
  const source = openRecords(input.spec, { ranges: [{ ...range, version }] }, placeOf);
  const [own] = sourcesOf(step);
  if (own === undefined) throw new Error("a step has a source");
  const hooks = { onRecord: () => undefined, onProgress: () => undefined };
  const base = { count: () => undefined } as unknown as TaskContext<unknown>;
  const run = new MapRun(step, own, source, emitter, base, hooks, () => undefined);
  await expect(run.run()).rejects.toThrow("no c, please");
  expect(run.place).toMatchObject({ offset: 4, preview: "cc" });
  await source.close();
});
