import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { decodeKey, encodeKey, keyKindOf } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeValue, encodePartialMean, encodeValue } from "#shared/format/value";
import type { Split } from "#shared/model/split";
import { MemoryStorage } from "#shared/storage/memory";
import { openRecords } from "#worker/map/readers/open-records";
import { RecordsSource } from "#worker/map/readers/records-source";
import { openPartWriter } from "#worker/reduce/writers/open-part-writer";
import type { PartWriter } from "#worker/reduce/writers/part-writer";

/** Files of records as `records()` writes them and `recordFiles()` reads them. */
type Key = string | number | Uint8Array;
type Entry = readonly [key: Key, value: unknown];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-records-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

function add(writer: PartWriter, key: Key, encode: (into: Scratch) => void): void {
  const into = new Scratch(64);
  encodeKey(into, key);
  const keyEnd = into.length;
  encode(into);
  writer.add(keyKindOf(key), into.bytes, 0, keyEnd, into.bytes, keyEnd, into.length);
  into.bytes.fill(0xdd);
}

interface Writing {
  readonly bufferBytes?: number;
  readonly drainEvery?: number;
}

async function open(storage: MemoryStorage, bufferBytes?: number): Promise<PartWriter> {
  const overflowPath = path.join(folder, "overflow");
  const buffers = bufferBytes === undefined ? { overflowPath } : { overflowPath, bufferBytes };
  return openPartWriter({ kind: "records" }, await storage.write("part"), buffers);
}

async function write(
  storage: MemoryStorage,
  entries: readonly Entry[],
  how: Writing = {},
): Promise<Buffer> {
  const writer = await open(storage, how.bufferBytes);
  for (const [index, [key, value]] of entries.entries()) {
    add(writer, key, (into) => encodeValue(into, value));
    const isDue = how.drainEvery === undefined ? writer.isFull : index % how.drainEvery === 0;
    if (isDue) await writer.drain();
  }
  const part = await writer.finish();
  const bytes = await content(storage);
  expect([part.records, part.bytes]).toEqual([entries.length, bytes.length]);
  return bytes;
}

async function content(storage: MemoryStorage): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of storage.read("part")) blocks.push(block);
  return Buffer.concat(blocks);
}

/** Reads the part, cut into so many splits. */
async function read(storage: MemoryStorage, splitCount: number): Promise<Entry[]> {
  const stat = await storage.stat("part");
  if (stat === null) throw new Error("no part was written");
  const { sizeBytes: fileBytes, version } = stat;
  const found: Entry[] = [];
  for (let index = 0; index < splitCount; index++) {
    const startByte = Math.floor((fileBytes * index) / splitCount);
    const endByte = Math.floor((fileBytes * (index + 1)) / splitCount);
    const ranges = [{ location: "/part", startByte, endByte, fileBytes, version }];
    found.push(...(await readSplit(storage, { ranges })));
  }
  return found;
}

async function readSplit(storage: MemoryStorage, split: Split): Promise<Entry[]> {
  const placeOf = () => ({ backend: storage, key: "part" });
  const source = openRecords({ kind: "records" }, split, placeOf);
  if (!(source instanceof RecordsSource)) throw new Error("not a source of records");
  const found: Entry[] = [];
  while (await source.advance()) {
    const { bytes } = source;
    while (source.next()) {
      found.push([
        decodeKey(source.keyKind, bytes, source.keyStart, source.keyEnd),
        decodeValue(bytes, source.valueStart, source.valueEnd),
      ]);
    }
  }
  return found;
}

const values: readonly unknown[] = [
  null,
  true,
  false,
  1,
  -1.5,
  "text \udc80\ud800",
  new Uint8Array([0, 255]),
  { list: [1, "two", null] },
];

describe("files of records", () => {
  it("have these bytes", async () => {
    const bytes = await write(
      new MemoryStorage(),
      values.map((value, index): Entry => [`key ${index}`, value]),
    );
    const lines = bytes.toString("hex").match(/.{1,64}/g) ?? [];
    const file = path.join(import.meta.dirname, "records-file.hex");
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(file);
  });

  it("give back every key and value, however they are written and split", async () => {
    const value = fc.oneof(
      fc.constantFrom(...values),
      fc.jsonValue().map(throughJson),
      fc.string(),
    );
    const entries = fc.oneof(
      ...[fc.string(), fc.double(), fc.uint8Array()].map((key) =>
        fc.array(fc.tuple(key as fc.Arbitrary<Key>, value), { maxLength: 30 }),
      ),
    );
    const how = fc.record({
      bufferBytes: fc.constantFrom(undefined, 64, 4096),
      drainEvery: fc.constantFrom(undefined, 1, 5),
    });
    await fc.assert(
      fc.asyncProperty(entries, how, fc.integer({ min: 1, max: 9 }), async (all, chosen, count) => {
        const storage = new MemoryStorage();
        await write(storage, all, chosen as Writing);
        const expected = all.map(([key, each]) => [Object.is(key, -0) ? 0 : key, each]);
        expect(await read(storage, count)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it("may be large, with records of any size, and are the same wherever they are drained", async () => {
    const entries: Entry[] = [];
    for (let index = 0; index < 30_000; index++) {
      const size = index % 10_000 === 77 ? 3_000_000 : index % 1_000 === 5 ? 100_000 : index % 90;
      entries.push([index, "v".repeat(size)]);
    }
    const storage = new MemoryStorage();
    const bytes = await write(storage, entries);
    for (const splitCount of [1, 3, 64]) expect(await read(storage, splitCount)).toEqual(entries);
    const never = await write(new MemoryStorage(), entries, { drainEvery: 29_999 });
    expect(never.equals(bytes)).toBe(true);
    const often = await write(new MemoryStorage(), entries, { drainEvery: 100 });
    expect(often.equals(bytes)).toBe(true);
  });

  it("are empty without records", async () => {
    const storage = new MemoryStorage();
    expect((await write(storage, [])).length).toBe(0);
    expect(await read(storage, 1)).toEqual([]);
  });

  it("refuse keys of another kind, and hold unfinished aggregates as what they stand for", async () => {
    const storage = new MemoryStorage();
    const writer = await open(storage);
    add(writer, "mean", (into) => encodePartialMean(into, 3, 2));
    expect(() => add(writer, 1, (into) => encodeValue(into, 1))).toThrow("both string and number");
    await writer.finish();
    expect(await read(storage, 1)).toEqual([["mean", 1.5]]);
  });
});

function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
