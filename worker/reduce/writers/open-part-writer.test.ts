import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { encodeKey, keyKindOf } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { encodePartialCount, encodePartialMean, encodeValue } from "#shared/format/value";
import type { WriterSpec } from "#shared/model/formats";
import { FailingStorage } from "#shared/storage/failing";
import { MemoryStorage } from "#shared/storage/memory";
import { openPartWriter } from "./open-part-writer.js";
import type { PartWriter } from "./part-writer.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-parts-"));
const overflowPath = join(folder, "attempt", "overflow");
afterAll(() => rmSync(folder, { recursive: true }));

type Key = string | number | Uint8Array;
type Entry = readonly [key: Key, value: unknown];

function add(writer: PartWriter, key: Key, encode: (into: Scratch) => void): void {
  const into = new Scratch(64);
  // Records lie anywhere in their buffers.
  into.append(Buffer.from("before"), 0, 6);
  const keyStart = into.length;
  encodeKey(into, key);
  const valueStart = into.length;
  encode(into);
  const end = into.length;
  into.append(Buffer.from("behind"), 0, 6);
  writer.add(keyKindOf(key), into.bytes, keyStart, valueStart, into.bytes, valueStart, end);
  into.bytes.fill(0xdd);
}

async function write(kind: WriterSpec["kind"], entries: readonly Entry[]): Promise<Buffer> {
  const storage = new MemoryStorage();
  const writer = openPartWriter({ kind }, await storage.write("part"), { overflowPath });
  for (const [key, value] of entries) {
    add(writer, key, (into) => encodeValue(into, value));
    if (writer.isFull) await writer.drain();
  }
  const bytesBefore = writer.bytes;
  const part = await writer.finish();
  const blocks: Buffer[] = [];
  for await (const block of storage.read("part")) blocks.push(block);
  const bytes = Buffer.concat(blocks);
  expect(part).toEqual({
    records: entries.length,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
  expect(bytesBefore).toBe(bytes.length);
  await writer.discard();
  expect(await storage.stat("part")).not.toBeNull();
  return bytes;
}

const numbers = [
  0,
  -0,
  1,
  -1,
  9,
  10,
  99,
  100,
  127,
  128,
  12_345,
  999_999_999,
  1e9,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 53,
  -(2 ** 53),
  0.1,
  -1.5e-7,
  1e21,
  1e300,
  5e-324,
  NaN,
  Infinity,
  -Infinity,
];
const strings = [
  "",
  "plain",
  "tab\there",
  "line\nfeed",
  "back\\slash",
  "cr\r",
  '"quoted"',
  "\0\b\f\v\x1f\x7f",
  "ümlaut \u{1f600}",
  "\ud800",
  "x\udfffy",
  "\ud7ff\ue000",
  "\u2028",
  "__proto__",
  "x".repeat(100),
];

const strange = fc.string({ unit: "binary", maxLength: 20 });
const long = fc
  .array(
    fc.constantFrom("plain text ", "\t", "\\", '"', "é", "\ud7ff", "\ud800", "\n", "\x01", "x"),
    {
      minLength: 20,
      maxLength: 60,
    },
  )
  .map((pieces) => pieces.join(""));
const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 10 })
  .map((codes) => String.fromCharCode(...codes));
const bytes = fc.uint8Array({ maxLength: 20 });
const keys: fc.Arbitrary<Key> = fc.oneof(strange, units, long, fc.double(), fc.integer(), bytes);
const values: fc.Arbitrary<unknown> = fc.oneof(
  strange,
  units,
  long,
  fc.double(),
  fc.maxSafeInteger(),
  bytes,
  fc.jsonValue(),
);

function asJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  return value;
}

describe("jsonl parts", () => {
  const expected = (entries: readonly Entry[]): string =>
    entries
      .map(([key, value]) => `${JSON.stringify({ key: asJson(key), value: asJson(value) })}\n`)
      .join("");

  it("are what JSON.stringify writes", async () => {
    const entries: Entry[] = [
      ...numbers.map((number): Entry => [number, number]),
      ...strings.map((text): Entry => [text, text]),
      [Buffer.from([0, 255, 10]), Buffer.from([1, 2])],
      [Buffer.alloc(0), Buffer.alloc(0)],
      ["json", { a: [1, null, "\ud800\n"], b: true }],
      ["t", true],
      ["f", false],
      ["n", null],
    ];
    expect((await write("jsonl", entries)).toString()).toBe(expected(entries));
  });

  it("are so for any records", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(keys, values)), async (entries) => {
        expect((await write("jsonl", entries)).toString()).toBe(expected(entries));
      }),
      { numRuns: 300 },
    );
  });
});

const escapes: Record<string, string> = { "\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r" };

function unescape(field: string): string {
  return field.replaceAll(/\\[\\tnr]/g, (escape) => escapes[escape] ?? escape);
}

/** A string's bytes as stored, each as one character. */
function stored(value: Key): string {
  if (typeof value === "number") return String(value);
  const into = new Scratch(64);
  encodeKey(into, value);
  return into.bytes.latin1Slice(0, into.length);
}

function tsvField(value: unknown): string {
  if (typeof value === "string" || value instanceof Uint8Array) return stored(value);
  return typeof value === "number"
    ? String(value)
    : Buffer.from(JSON.stringify(value)).toString("latin1");
}

describe("tsv parts", () => {
  it("escape what would break a line, and leave a null value out", async () => {
    const entries: Entry[] = [
      ["a\tb\\c", "d\ne\rf"],
      ["key", null],
      ["", ""],
      [Buffer.from([9, 0, 255]), Buffer.from([92])],
      [1.5, { a: "x\ny" }],
      ["t", true],
      ["f", false],
    ];
    expect((await write("tsv", entries)).toString("latin1")).toBe(
      [
        "a\\tb\\\\c\td\\ne\\rf\n",
        "key\n",
        "\t\n",
        "\\t\0\xff\t\\\\\n",
        '1.5\t{"a":"x\\ny"}\n',
        "t\ttrue\n",
        "f\tfalse\n",
      ].join(""),
    );
  });

  it("print numbers as JavaScript does", async () => {
    const found = await write(
      "tsv",
      numbers.map((number): Entry => [number, number]),
    );
    expect(found.toString()).toBe(numbers.map((number) => `${number}\t${number}\n`).join(""));
  });

  it("are read back as they were written, lone surrogates as their own bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(keys, values)), async (entries) => {
        const text = (await write("tsv", entries)).toString("latin1");
        expect(text === "" || text.endsWith("\n")).toBe(true);
        const lines = text.split("\n").slice(0, -1);
        const isText = (value: unknown): boolean =>
          typeof value === "string" || value instanceof Uint8Array;
        const found = lines.map((line, index) => {
          const [key = "", ...rest] = line.split("\t");
          expect(rest.length).toBe(entries[index]?.[1] === null ? 0 : 1);
          const field = rest[0] ?? null;
          const value = entries[index]?.[1];
          return [unescape(key), field !== null && isText(value) ? unescape(field) : field];
        });
        const expected = entries.map(([key, value]) => [
          stored(key),
          value === null ? null : tsvField(value),
        ]);
        expect(found).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("print partial results as what they stand for", async () => {
    const storage = new MemoryStorage();
    const writer = openPartWriter({ kind: "tsv" }, await storage.write("part"), { overflowPath });
    add(writer, "count", (into) => encodePartialCount(into, 300));
    add(writer, "mean", (into) => encodePartialMean(into, 3, 2));
    await writer.finish();
    for await (const block of storage.read("part")) {
      expect(block.toString()).toBe("count\t300\nmean\t1.5\n");
    }
  });
});

describe("raw parts", () => {
  it("hold the bytes of keys and values, with nothing between or after", async () => {
    const entries: Entry[] = [
      ["a\n", "b\t"],
      [Buffer.from([0, 255]), Buffer.alloc(90, 7)],
      [12, -0.5],
      ["k", null],
      ["", { a: 1 }],
      ["", true],
    ];
    const expected = Buffer.concat([
      Buffer.from("a\nb\t"),
      Buffer.from([0, 255]),
      Buffer.alloc(90, 7),
      Buffer.from('12-0.5k{"a":1}true'),
    ]);
    expect((await write("raw", entries)).equals(expected)).toBe(true);
  });
});

describe("parts of any format", () => {
  it("grow for large records and drain in between", async () => {
    for (const kind of ["tsv", "jsonl", "raw"] as const) {
      const entries: Entry[] = [];
      for (let index = 0; index < 40; index++) {
        entries.push([`${index}`, Buffer.alloc(index % 7 === 0 ? 3_000_000 : 50_000, index + 35)]);
        entries.push([`${index}`, "\n\x01\ud800".repeat(30_000)]);
      }
      const found = await write(kind, entries);
      if (kind !== "jsonl") continue;
      const lines = found.toString().trimEnd().split("\n");
      expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(
        entries.map(([key]) => key),
      );
    }
  });

  it("take any amount between two drains, by way of a file", async () => {
    const storage = new MemoryStorage();
    const writer = openPartWriter({ kind: "tsv" }, await storage.write("part"), { overflowPath });
    const hash = createHash("sha256");
    for (let index = 0; index < 300; index++) {
      add(writer, `${index}`, (into) => encodeValue(into, "x".repeat(100_000)));
      hash.update(`${index}\t${"x".repeat(100_000)}\n`);
    }
    expect(existsSync(overflowPath)).toBe(true);
    await writer.drain();
    expect(writer.isFull).toBe(false);
    add(writer, "last", (into) => encodeValue(into, 1));
    const part = await writer.finish();
    expect(part.sha256).toBe(hash.update("last\t1\n").digest("hex"));
    expect(existsSync(overflowPath)).toBe(false);
  });

  it("may be empty", async () => {
    expect((await write("tsv", [])).length).toBe(0);
  });

  it("report a failed write at the next drain or at the end, and leave nothing", async () => {
    const memory = new MemoryStorage();
    const writer = openPartWriter(
      { kind: "raw" },
      await new FailingStorage(memory, 2).write("part"),
      { overflowPath },
    );
    const large = Buffer.alloc(1_100_000);
    const addLarge = (): void => add(writer, "k", (into) => encodeValue(into, large));
    addLarge();
    expect(writer.isFull).toBe(true);
    await writer.drain();
    addLarge();
    await writer.drain();
    addLarge();
    await expect(writer.finish()).rejects.toThrow("injected failure");
    await writer.discard();
    expect(await memory.stat("part")).toBeNull();
  });
});
