import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { encodeKey, keyKinds } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeValue, encodeValue } from "#shared/format/value";
import { FileBlocks } from "./block-source.js";
import { GroupReader } from "./groups.js";
import { Merger } from "./merge.js";
import { RunCursor } from "./run-cursor.js";
import { readRunIndex } from "./run-file.js";
import { RunWriter } from "./run-writer.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-runs-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Row = readonly [key: string, value: string | number];

/** Writes one run a list; partition 0 is empty, partition 1 holds the rows in key order. */
function writeRun(
  name: string,
  rows: readonly Row[],
  codec: "none" | "lz4",
  hasOrigins = false,
): string {
  const path = join(folder, name);
  const writer = new RunWriter(path, 3, codec, hasOrigins);
  writer.keyKind = keyKinds.string;
  writer.startPartition(1);
  const [key, value] = [new Scratch(), new Scratch()];
  for (const [index, row] of rows.entries()) {
    key.length = 0;
    value.length = 0;
    encodeKey(key, row[0]);
    encodeValue(value, row[1]);
    writer.addParts(key.bytes, key.length, value.bytes, 0, value.length, index % 7);
  }
  writer.finish();
  return path;
}

function cursorOf(path: string, origin: number): RunCursor {
  const segment = readRunIndex(path)[1];
  if (segment === undefined) throw new Error("no partition 1");
  return new RunCursor(new FileBlocks(path, segment), origin, path);
}

function readGroups(merger: Merger): [string, unknown[]][] {
  const groups = new GroupReader(merger);
  const read: [string, unknown[]][] = [];
  while (groups.nextGroup()) {
    read.push([String(groups.decodeKey(merger.keyKind)), [...groups.values()]]);
  }
  merger.close();
  return read;
}

const keyOrder = (a: Row, b: Row): number => Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0]));
const someKey = fc.oneof(
  fc.constantFrom("", "\0", "a", "a\0", "aa", "prefix-long-1", "prefix-long-2", "z"),
  fc.string({ maxLength: 12, unit: "grapheme-ascii" }),
);
const someRun = fc.array(fc.tuple(someKey, fc.nat(1000)), { maxLength: 60 });

describe("a merge of runs", () => {
  it("gives every record once, in key order, equal keys in the order of the runs", () => {
    fc.assert(
      fc.property(fc.array(someRun, { maxLength: 9 }), fc.boolean(), (runs, packed) => {
        const sorted = runs.map((rows) => rows.toSorted(keyOrder));
        const cursors = sorted.map((rows, index) => {
          return cursorOf(writeRun(`run-${index}`, rows, packed ? "lz4" : "none"), index);
        });
        const expected = new Map<string, number[]>();
        for (const [key, value] of sorted.flat().toSorted(keyOrder)) {
          expected.set(key, [...(expected.get(key) ?? []), value]);
        }
        expect(readGroups(new Merger(cursors))).toEqual([...expected]);
      }),
      { numRuns: 150 },
    );
  });

  it("orders equal keys by the map task that a run remembers", () => {
    const rows: Row[] = Array.from({ length: 7 }, (_, index) => ["k", `from ${index}`]);
    const remembering = writeRun("origins", rows, "none", true);
    const plain = writeRun("plain", [["k", "from 3 as well"]], "none");
    const [[, values] = ["", []]] = readGroups(
      new Merger([cursorOf(plain, 3), cursorOf(remembering, 0)]),
    );
    expect(values).toEqual([
      "from 0",
      "from 1",
      "from 2",
      "from 3 as well",
      "from 3",
      "from 4",
      "from 5",
      "from 6",
    ]);
  });

  it("takes records larger than a block", () => {
    const big = "x".repeat(1_000_000);
    const path = writeRun(
      "big",
      [
        ["a", big],
        [big, "b"],
        [`${big}y`, 1],
      ],
      "lz4",
    );
    expect(readGroups(new Merger([cursorOf(path, 0)]))).toEqual([
      ["a", [big]],
      [big, ["b"]],
      [`${big}y`, [1]],
    ]);
  });

  it("skips what a reader leaves of a group, and keeps a late iterator out of the next one", () => {
    const path = writeRun(
      "skip",
      [
        ["a", 1],
        ["a", 2],
        ["b", 3],
        ["b", 4],
      ],
      "none",
    );
    const groups = new GroupReader(new Merger([cursorOf(path, 0)]));
    groups.nextGroup();
    const late = groups.values()[Symbol.iterator]();
    expect(late.next().value).toBe(1);
    groups.nextGroup();
    expect(late.next().done).toBe(true);
    expect([...groups.values()]).toEqual([3, 4]);
    expect(groups.nextGroup()).toBe(false);
  });
});

describe("a run file", () => {
  it("refuses every single flipped bit", () => {
    const path = writeRun(
      "flip",
      [
        ["alpha", 1],
        ["beta", "two"],
      ],
      "none",
    );
    const bytes = readFileSync(path);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const broken = Buffer.from(bytes);
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(join(folder, "broken"), broken);
      expect(() => {
        const rows = readGroups(new Merger([cursorOf(join(folder, "broken"), 0)]));
        // The reserved byte of a block header is covered by the checksum, too.
        expect(rows).toBeNull();
      }, `bit ${bit}`).toThrow(/run|checksum|footer|index|no partition/);
    }
  });

  it("refuses a file that was cut anywhere", () => {
    const path = writeRun("cut", [["alpha", 1]], "none");
    const bytes = readFileSync(path);
    for (let size = 0; size < bytes.length; size++) {
      writeFileSync(join(folder, "short"), bytes.subarray(0, size));
      expect(() => readRunIndex(join(folder, "short"))).toThrow(/run/);
    }
  });

  it("gives values as they were written", () => {
    const path = writeRun("values", [["a", -1.5]], "none");
    const cursor = cursorOf(path, 0);
    expect(cursor.next()).toBe(true);
    const { bytes, valueStart, valueEnd } = cursor.record;
    expect(decodeValue(bytes, valueStart, valueEnd)).toBe(-1.5);
    expect(cursor.next()).toBe(false);
    cursor.close();
  });
});
