import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { JobKey, JobValue } from "#shared/authoring/values";
import { encodeKey, keyKindOf } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { encodeValue } from "#shared/format/value";
import { limits } from "#shared/model/limits";
import { FailingStorage } from "#shared/storage/failing";
import { MemoryStorage } from "#shared/storage/memory";
import { ManyParts, type ManyPartsOptions } from "./many-parts.js";
import { openPartWriter } from "./open-part-writer.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-many-"));
afterAll(() => rmSync(folder, { recursive: true }));

let testCount = 0;

/** Parts in memory, in TSV, each under its folder's name. */
async function manyParts(options: Partial<ManyPartsOptions> = {}, operations?: number) {
  const storage = new MemoryStorage();
  const backend = operations === undefined ? storage : new FailingStorage(storage, operations);
  const scratch = join(folder, String(testCount++));
  let partCount = 0;
  const writer = async (name: string) => backend.write(name);
  const open = (name: string) => {
    const opened = writer(name);
    opened.catch(() => undefined);
    const object = {
      sizeBytes: 0,
      write: async (bytes: Uint8Array) => (await opened).write(bytes),
      commit: async () => (await opened).commit(),
      discard: async () => (await opened).discard(),
    };
    const overflowPath = join(scratch, `overflow-${partCount++}`);
    return openPartWriter({ kind: "tsv" }, object, { overflowPath, bufferBytes: 1024 });
  };
  const many = new ManyParts({
    main: options.partitionBy ? null : open("main"),
    partitionBy: null,
    outputs: [],
    memoryBytes: 512 * 1024 * 1024,
    open,
    ...options,
  });
  const read = async (name: string): Promise<string> => {
    const blocks: Buffer[] = [];
    for await (const block of storage.read(name)) blocks.push(block);
    return Buffer.concat(blocks).toString();
  };
  return { many, read, scratch, storage };
}

function add(many: ManyParts, key: JobKey, value: JobValue): void {
  const into = new Scratch(64);
  encodeKey(into, key);
  const at = into.length;
  encodeValue(into, value);
  many.add(keyKindOf(key), into.bytes, 0, at, into.bytes, at, into.length);
}

describe("many parts", () => {
  it("take records by name beside the main ones, and only what was written to is a part", async () => {
    const { many, read } = await manyParts({ outputs: ["errors", "notes", "unused"] });
    add(many, "a", 1);
    many.emitTo("notes", 7, { text: "seven" });
    many.emitTo("errors", "b", null);
    add(many, "c", 2);
    expect(many.records).toBe(4);
    const parts = await many.finish();
    expect(parts.map((part) => [part.folder, part.records, part.bytes])).toEqual([
      [undefined, 2, 8],
      ["errors", 1, 2],
      ["notes", 1, 19],
    ]);
    expect(await read("main")).toBe("a\t1\nc\t2\n");
    expect(await read("notes")).toBe('7\t{"text":"seven"}\n');
  });

  it("refuse a name that is not declared, a key and a value, and go on", async () => {
    const { many, read } = await manyParts({ outputs: ["errors", "notes"] });
    expect(() => many.emitTo("eror", "k", 1)).toThrow(
      'emitTo was called with "eror"; allowed: "errors", "notes"',
    );
    expect(() => many.emitTo("errors", null as never, 1)).toThrow(/emitted key is null/);
    expect(() => many.emitTo("errors", "k", (() => 1) as never)).toThrow(/of type function/);
    many.emitTo("errors", "k", 1);
    expect(many.records).toBe(1);
    await many.finish();
    expect(await read("errors")).toBe("k\t1\n");
  });

  it("spread the main records over folders by key and value as they were emitted", async () => {
    const seen: unknown[] = [];
    const { many, read } = await manyParts({
      outputs: ["errors"],
      partitionBy: (key, value) => {
        seen.push([key, value]);
        return { kind: typeof key, size: String((value as string).length) };
      },
    });
    add(many, "a", "xy");
    add(many, 3, "xyz");
    add(many, "b", "zy");
    many.emitTo("errors", "e", "no folder of its own");
    const parts = await many.finish();
    expect(seen).toEqual([
      ["a", "xy"],
      [3, "xyz"],
      ["b", "zy"],
    ]);
    expect(parts.map((part) => part.folder)).toEqual([
      "errors",
      "kind=number/size=3",
      "kind=string/size=2",
    ]);
    expect(await read("kind=string/size=2")).toBe("a\txy\nb\tzy\n");
  });

  it("leave nothing where nothing was emitted", async () => {
    const { many } = await manyParts({ partitionBy: () => ({ a: 1 }) });
    expect(await many.finish()).toEqual([]);
  });

  it("share one bound of their buffers, and are drained together", async () => {
    const partCount = 200;
    const { many } = await manyParts({ partitionBy: (key) => ({ a: Number(key) % partCount }) });
    let drainCount = 0;
    const value = "v".repeat(1_000);
    for (let key = 0; key < 40_000; key++) {
      add(many, key, value);
      if (!many.isFull) continue;
      drainCount++;
      await many.drain();
      expect(many.isFull).toBe(false);
    }
    expect(drainCount).toBeGreaterThanOrEqual(4);
    expect(drainCount).toBeLessThan(8);
    const parts = await many.finish();
    expect(parts).toHaveLength(partCount);
    expect(parts.reduce((sum, part) => sum + part.records, 0)).toBe(40_000);
  });

  it("go to disk when one call emits without end, and come back in order", async () => {
    const { many, read, scratch } = await manyParts({ outputs: ["x", "y"] });
    const value = "v".repeat(10_000);
    const keys = Array.from({ length: 4_000 }, (_, key) => key);
    for (const key of keys) many.emitTo(key % 2 === 0 ? "x" : "y", key, value);
    expect(many.isFull).toBe(true);
    expect(readdirSync(scratch).toSorted()).toEqual(["overflow-1", "overflow-2"]);
    await many.drain();
    expect(many.isFull).toBe(false);
    many.emitTo("x", "last", "one");
    await many.finish();
    const order = (await read("x")).split("\n").map((line) => line.split("\t")[0]);
    expect(order).toEqual([...keys.filter((key) => key % 2 === 0).map(String), "last", ""]);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it("are so many and not more", async () => {
    const { many } = await manyParts({ partitionBy: (key) => ({ a: Number(key) }) });
    for (let key = 0; key < limits.foldersMax; key++) add(many, key, null);
    expect(() => add(many, limits.foldersMax, null)).toThrow(
      /more than 1000 folders; let partitionBy give fewer, or let partition send/,
    );
    add(many, 7, "again");
    expect(await many.finish()).toHaveLength(limits.foldersMax);
  });

  it("are discarded together", async () => {
    const { many, scratch, storage } = await manyParts({ outputs: ["x", "y"] });
    const value = "v".repeat(10_000);
    for (let key = 0; key < 4_000; key++) many.emitTo(key % 2 === 0 ? "x" : "y", key, value);
    await many.discard();
    expect(existsSync(scratch) ? readdirSync(scratch) : []).toEqual([]);
    expect(await storage.hasFolder("")).toBe(false);
  });

  it("fail when one of them cannot be written", async () => {
    const { many } = await manyParts({ outputs: ["x", "y"] }, 5);
    for (const output of ["x", "y"]) many.emitTo(output, "k", "v");
    await expect(many.finish()).rejects.toMatchObject({ code: "MR_STORAGE_UNAVAILABLE" });
    await many.discard();
  });
});
