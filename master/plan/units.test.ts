import { describe, expect, it } from "vitest";
import { readerSpecSchema, type ReaderSpec } from "#shared/model/formats";
import { toUnits } from "./units.js";

function cutsOf(reader: ReaderSpec): Record<string, number | null> {
  const files = ["/a", "/a.gz", "/a.bz2", "/a.zst"].map((location) => ({
    location,
    sizeBytes: 10,
    version: "1",
  }));
  const units = toUnits(reader, files);
  return Object.fromEntries(units.map(({ file, cutBytes }) => [file.location, cutBytes]));
}

const never = { "/a.gz": null, "/a.bz2": null, "/a.zst": null };

describe("what may be cut", () => {
  it("is any file whose records show their borders, unless it is compressed", () => {
    const anywhere: ReaderSpec[] = [
      { kind: "text" },
      { kind: "text", delimiter: "\n\n", batchLines: 5 },
      { kind: "chunk" },
      { kind: "jsonl" },
      { kind: "tsv" },
      { kind: "csv" },
      { kind: "csv", quotedNewlines: false },
      { kind: "records" },
    ];
    for (const reader of anywhere) expect(cutsOf(reader)).toEqual({ "/a": 1, ...never });
    const fixed: ReaderSpec = { kind: "fixed", recordBytes: 5, keyBytes: 1 };
    expect(cutsOf(fixed)).toEqual({ "/a": 5, ...never });
  });

  it("is no file that is one record, and no CSV whose quotes may hold line ends", () => {
    const whole: ReaderSpec[] = [
      { kind: "file", as: "text" },
      { kind: "csv", quotedNewlines: true },
    ];
    for (const reader of whole) expect(cutsOf(reader)).toEqual({ "/a": null, ...never });
  });
});

describe("delimiters", () => {
  it("have 1 to 16 bytes", () => {
    const isFine = (reader: unknown) => readerSpecSchema.safeParse(reader).success;
    for (const delimiter of ["\n", "aa", "é".repeat(8), "😀".repeat(4)]) {
      expect(isFine({ kind: "text", delimiter })).toBe(true);
    }
    for (const delimiter of ["", "é".repeat(9), "😀".repeat(4) + "a", "\ud800"]) {
      expect(isFine({ kind: "text", delimiter })).toBe(false);
    }
    for (const delimiter of [",", "\t", ";", "|"]) {
      expect(isFine({ kind: "csv", delimiter })).toBe(true);
    }
    for (const delimiter of ["", ",,", "é", '"', "\n", "\r", "\0"]) {
      expect(isFine({ kind: "csv", delimiter })).toBe(false);
    }
  });
});
