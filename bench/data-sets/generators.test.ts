import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { AccessLogGenerator } from "./access-log.js";
import { dataSet } from "./cache.js";
import { JsonLinesGenerator } from "./json-lines.js";
import { Random } from "./random.js";
import { keyBytes, recordBytes, RecordGenerator } from "./records.js";
import { TextGenerator } from "./text.js";
import { Zipf } from "./zipf.js";

function bytesOf(generator: { blocks(): Iterable<Uint8Array> }): Buffer {
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

describe("Zipf", () => {
  it("draws each rank about as often as its share, and all of them", () => {
    const zipf = new Zipf(10);
    const random = new Random(1);
    const counts = new Float64Array(10);
    for (let draw = 0; draw < 100_000; draw++) {
      const index = zipf.draw(random);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    const harmonic = Array.from({ length: 10 }, (_, index) => 1 / (index + 1)).reduce(
      (sum, weight) => sum + weight,
    );
    for (const [index, count] of counts.entries()) {
      expect(count / 100_000).toBeCloseTo(1 / (index + 1) / harmonic, 2);
    }
  });
});

/** What must hold of every generator of lines. */
function checkLines(make: (seed: number, sizeBytes: number) => LineGenerator): string[] {
  const sizeBytes = 2_500_000;
  const generator = make(1, sizeBytes);
  const bytes = bytesOf(generator);
  expect(sha256(bytesOf(make(1, sizeBytes)))).toBe(sha256(bytes));
  expect(sha256(bytesOf(make(2, sizeBytes)))).not.toBe(sha256(bytes));
  // Whole lines only, as many as there is room for.
  expect(bytes.length).toBeLessThanOrEqual(sizeBytes);
  expect(bytes.length).toBeGreaterThan(sizeBytes - 500);
  const text = bytes.toString("latin1");
  expect(text).toMatch(/^[\n -~]+\n$/);
  const lines = text.slice(0, -1).split("\n");
  expect(generator.lineCount).toBe(lines.length);
  return lines;
}

interface LineGenerator {
  readonly lineCount: number;
  blocks(): Iterable<Uint8Array>;
}

describe("AccessLogGenerator", () => {
  const lines = checkLines((seed, sizeBytes) => new AccessLogGenerator(seed, sizeBytes));
  const combined =
    /^(\d+\.){3}\d+ - - \[\d\d\/\w{3}\/\d{4}(?::\d\d){3} \+0000\] "(?:GET|POST) (\/[^ "]*) HTTP\/1\.1" (\d{3}) (\d+) "[^"]*" "[^"]*"$/;
  const requests = lines.map((line) => combined.exec(line));

  it("writes Apache's combined format, about 240 bytes a line", () => {
    expect(requests).not.toContain(null);
    const mean = lines.reduce((sum, line) => sum + line.length + 1, 0) / lines.length;
    expect(mean).toBeGreaterThan(225);
    expect(mean).toBeLessThan(255);
  });

  it("asks for few paths often and for many rarely, most of them with success", () => {
    const counts = new Map<string, number>();
    const statuses = new Map<string, number>();
    for (const request of requests) {
      const [path = "", status = ""] = request?.slice(2) ?? [];
      counts.set(path, (counts.get(path) ?? 0) + 1);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    const ranked = [...counts.values()].sort((a, b) => b - a);
    expect((ranked[0] ?? 0) / lines.length).toBeCloseTo(0.095, 1);
    expect(counts.size).toBeGreaterThan(2_500);
    expect([...counts.keys()].some((path) => path.includes("?"))).toBe(true);
    expect([...statuses.keys()].sort()).toEqual(["200", "301", "304", "404", "500"]);
    expect((statuses.get("200") ?? 0) / lines.length).toBeCloseTo(0.88, 1);
  });

  it("keeps to the bytes that figures were measured with", () => {
    expect(sha256(bytesOf(new AccessLogGenerator(1, 100_000)))).toMatchInlineSnapshot(
      `"ecb2d2add2a200bcc2e71c391c39b616e135d01cdc502c5a7858041cd71a38b2"`,
    );
  });
});

describe("JsonLinesGenerator", () => {
  const lines = checkLines((seed, sizeBytes) => new JsonLinesGenerator(seed, sizeBytes));

  it("writes flat objects of eight fields with a whole amount", () => {
    const keys = new Set<string>();
    let escaped = 0;
    for (const line of lines) {
      const object = JSON.parse(line) as Record<string, unknown>;
      expect(Object.keys(object).join()).toBe("ts,user,country,event,amount,ok,tags,note");
      expect(Number.isInteger(object.amount)).toBe(true);
      keys.add(`${String(object.event)} ${String(object.country)}`);
      if (line.includes("\\")) escaped++;
    }
    expect(keys.size).toBe(320);
    expect(escaped / lines.length).toBeCloseTo(1 / 16, 1);
  });

  it("keeps to the bytes that figures were measured with", () => {
    expect(sha256(bytesOf(new JsonLinesGenerator(1, 100_000)))).toMatchInlineSnapshot(
      `"be5488445109fdb84f58b132123d9fd0683b1300f6d870b2ffef755c51b32499"`,
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
