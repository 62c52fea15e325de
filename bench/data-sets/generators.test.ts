import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { dataSet } from "./cache.js";
import { Random } from "./random.js";
import { keyBytes, recordBytes, RecordGenerator } from "./records.js";
import { TextGenerator } from "./text.js";

function bytesOf(generator: TextGenerator | RecordGenerator): Buffer {
  return Buffer.concat(Array.from(generator.blocks(), (block) => Buffer.from(block)));
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("Random", () => {
  it("repeats itself for the same seed and differs for another", () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 50 }, () => random.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("stays below its bound and reaches all of it", () => {
    const random = new Random(1);
    const seen = new Set(Array.from({ length: 2000 }, () => random.below(7)));
    expect(seen).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  });
});

describe("TextGenerator", () => {
  const sizeBytes = 3_000_000;
  const text = bytesOf(new TextGenerator(1, sizeBytes));

  it("gives the same bytes for the same seed and size", () => {
    expect(sha256(bytesOf(new TextGenerator(1, sizeBytes)))).toBe(sha256(text));
    expect(sha256(bytesOf(new TextGenerator(2, sizeBytes)))).not.toBe(sha256(text));
  });

  it("keeps to the bytes that figures were measured with", () => {
    const small = bytesOf(new TextGenerator(1, 100_000));
    expect(sha256(small)).toMatchInlineSnapshot(
      `"ec4acee2c086cc9b8aadc916dce001aaaf32496c9b87a8befb0ca08d2ea1e15d"`,
    );
  });

  it("is exactly as long as asked for, and ends with a newline", () => {
    for (const size of [1, 2, 17, 18, 19, 100, 1_048_575, 1_048_576, 1_048_577, 2_100_000]) {
      const bytes = bytesOf(new TextGenerator(3, size));
      expect(bytes.length).toBe(size);
      expect(bytes.at(-1)).toBe(0x0a);
    }
  });

  it("holds only lower-case words parted by one space or newline", () => {
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(text);
    expect(decoded).toMatch(/^(?:\p{Ll}+(?: \p{Ll}+)*\n)+$/u);
    expect(decoded.toLowerCase()).toBe(decoded);
  });

  it("counts its words and lines, of 8 to 14 words", () => {
    const generator = new TextGenerator(4, 200_000);
    const lines = bytesOf(generator).toString("utf8").trimEnd().split("\n");
    const lengths = lines.map((line) => line.split(" ").length);
    expect(generator.lineCount).toBe(lines.length);
    expect(generator.wordCount).toBe(lengths.reduce((sum, length) => sum + length, 0));
    expect(Math.max(...lengths)).toBeLessThanOrEqual(14);
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(8);
  });

  it("follows Zipf's law over a large vocabulary, with 1 % of the words beyond ASCII", () => {
    const words = text.toString("utf8").split(/\s+/);
    const counts = new Map<string, number>();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const ranked = [...counts.values()].sort((a, b) => b - a);
    // Half as frequent at twice the rank: 16 octaves hold the same share of all words each.
    const share = (from: number, end: number) =>
      ranked.slice(from - 1, end - 1).reduce((sum, count) => sum + count, 0) / words.length;
    expect(share(8, 16)).toBeCloseTo(0.05, 2);
    expect(share(256, 512)).toBeCloseTo(0.05, 2);
    expect(counts.size).toBeGreaterThan(100_000);
    const beyond = words.filter((word) => /[^a-z]/.test(word)).length;
    expect(beyond / words.length).toBeGreaterThan(0.005);
    expect(beyond / words.length).toBeLessThan(0.02);
  });
});

describe("RecordGenerator", () => {
  const bytes = bytesOf(new RecordGenerator(1, 2_500_050));

  it("gives whole records only, the same for the same seed", () => {
    expect(bytes.length).toBe(2_500_000);
    expect(sha256(bytesOf(new RecordGenerator(1, 2_500_050)))).toBe(sha256(bytes));
    expect(sha256(bytesOf(new RecordGenerator(2, 2_500_050)))).not.toBe(sha256(bytes));
  });

  it("ends every record with its only newline, after a printable key without blanks", () => {
    const text = bytes.toString("latin1");
    const record = new RegExp(`^[!-~]{${keyBytes}}[A-Za-z0-9_-]{${recordBytes - keyBytes - 1}}$`);
    const lines = text.split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.length).toBe(25_000);
    for (const line of lines) expect(line).toMatch(record);
  });

  it("keeps to the bytes that figures were measured with", () => {
    expect(sha256(bytesOf(new RecordGenerator(1, 100_000)))).toMatchInlineSnapshot(
      `"239ea73d33feddd0fdf703177c07fe5845080eba0c3c91d7d6a1929ce3475255"`,
    );
  });
});

describe("dataSet", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-bench-"));
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("generates a file once and finds it again", () => {
    const generated: string[] = [];
    const request = { kind: "text", folder, seed: 5, sizeBytes: 10_000 } as const;
    const first = dataSet(request, (file) => generated.push(file));
    const second = dataSet(request, (file) => generated.push(file));
    expect(generated).toEqual([first.path]);
    expect(second).toEqual(first);
    expect(fs.statSync(first.path).size).toBe(10_000);
    const other = dataSet({ ...request, seed: 6 }, (file) => generated.push(file));
    expect(other.path).not.toBe(first.path);
    expect(generated.length).toBe(2);
  });
});
