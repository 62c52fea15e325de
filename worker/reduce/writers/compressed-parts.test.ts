import { decompress, init } from "@bokuweb/zstd-wasm";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import type { WriterSpec } from "#shared/model/formats";
import { frameBytes } from "./compressor.js";
import { extensionOf } from "./open-part-writer.js";
import { writePart, type Entry } from "./writing.fixture.js";

beforeAll(() => init());

/** Cuts a file at the frames' magic number, which these frames do not hold anywhere else. */
function unzstd(bytes: Buffer): Buffer {
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = bytes.indexOf(magic, at + 1);
    const end = next < 0 ? bytes.length : next;
    frames.push(Buffer.from(decompress(bytes.subarray(at, end))));
    at = end;
  }
  for (const frame of frames.slice(0, -1)) expect(frame.length).toBe(frameBytes);
  return Buffer.concat(frames);
}

const forms = [
  { compress: "gzip", unpack: (bytes: Buffer) => gunzipSync(bytes), extension: ".gz" },
  { compress: "zstd", unpack: unzstd, extension: ".zst" },
] as const;

function someEntries(count: number, valueChars: number): Entry[] {
  return Array.from({ length: count }, (_none, index): Entry => {
    return [`key ${index}`, `${index * index} `.repeat(valueChars / 8)];
  });
}

describe.each(forms)("parts compressed with $compress", ({ compress, unpack, extension }) => {
  it("hold what an uncompressed part holds", async () => {
    const entries = someEntries(3_000, 1_600);
    const specs: WriterSpec[] = [
      { kind: "tsv" },
      { kind: "csv", header: ["a", "b"] },
      { kind: "jsonl" },
      { kind: "raw" },
      { kind: "lines" },
    ];
    for (const spec of specs) {
      const plain = await writePart(spec, entries);
      const packedSpec = { ...spec, compress } as WriterSpec;
      const packed = await writePart(packedSpec, entries);
      expect(unpack(packed.bytes).equals(plain.bytes)).toBe(true);
      expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 2);
      expect([plain.part.extension, packed.part.extension]).toEqual([undefined, extension]);
      expect([extensionOf(spec), extensionOf(packedSpec)]).toEqual(["", extension]);
    }
  });

  it("have the same bytes wherever they are drained", async () => {
    const entries = someEntries(400, 16_000);
    const spec: WriterSpec = { kind: "tsv", compress };
    const { bytes } = await writePart(spec, entries);
    for (const drainEvery of [1, 7, 200, 1_000]) {
      const other = await writePart(spec, entries, { drainEvery });
      expect(other.bytes.equals(bytes)).toBe(true);
    }
  });

  it("are whole when they are of many, with small buffers and moves to the scratch file", async () => {
    const entries = someEntries(500, 800);
    const plain = await writePart({ kind: "tsv" }, entries);
    const how = { bufferBytes: 512, drainEvery: 90, overflowEvery: 11 };
    const packed = await writePart({ kind: "tsv", compress }, entries, how);
    const found = compress === "gzip" ? gunzipSync(packed.bytes) : unzstdSmall(packed.bytes);
    expect(found.equals(plain.bytes)).toBe(true);
  });

  it("are readable without records", async () => {
    const { bytes } = await writePart({ kind: "tsv", compress }, []);
    expect(bytes.length).toBeGreaterThan(0);
    expect(unpack(bytes).length).toBe(0);
  });
});

/** As above, for frames of any length. */
function unzstdSmall(bytes: Buffer): Buffer {
  const frames = bytes.toString("latin1").split("\x28\xb5\x2f\xfd").slice(1);
  return Buffer.concat(
    frames.map((frame) => decompress(Buffer.from(`\x28\xb5\x2f\xfd${frame}`, "latin1"))),
  );
}

describe("gzip parts", () => {
  it("name neither time nor system", async () => {
    const { bytes } = await writePart({ kind: "tsv", compress: "gzip" }, [["a", 1]]);
    expect(bytes.subarray(0, 10).toString("hex")).toBe("1f8b08000000000000ff");
  });
});
