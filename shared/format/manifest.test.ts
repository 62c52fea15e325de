import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { buildManifest, decodeManifest, encodeManifest } from "./manifest.js";

const manifest = buildManifest({
  jobId: "wordcount-20240229-235959-ab12",
  jobName: "wordcount",
  createdAtMs: Date.UTC(2024, 1, 29, 23, 59, 59, 7),
  parts: [
    { name: "part-00000", records: 2, bytes: 20, sha256: "0".repeat(64) },
    { name: "part-00001", records: 3, bytes: 31, sha256: "a".repeat(64) },
  ],
  counters: { "user.words": 12, "map.records.in": 4, "a[]": 1 },
});

describe("a manifest", () => {
  it("is written byte for byte like the golden file", async () => {
    const golden = await readFile(new URL("manifest.golden.txt", import.meta.url), "utf8");
    expect(encodeManifest(manifest).toString()).toBe(golden);
  });

  it("is read back as it was written, without parts too", () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
    const empty = buildManifest({ ...manifest, createdAtMs: 0, parts: [], counters: {} });
    expect(decodeManifest(encodeManifest(empty))).toEqual(empty);
    expect(empty.totals).toEqual({ parts: 0, records: 0, bytes: 0 });
  });

  it("of another version, or cut off, is refused with the reason", () => {
    const bytes = encodeManifest(manifest);
    expect(() => decodeManifest(bytes.subarray(0, 100))).toThrow(/manifest cannot be read/);
    const other = Buffer.from(bytes.toString().replace('"formatVersion": 1', '"formatVersion": 2'));
    expect(() => decodeManifest(other)).toThrow(/formatVersion/);
  });
});
