import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { SortEmitter } from "./emitter.js";
import { makePartitioner } from "./partitioner.js";
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
