import { describe, expect, it } from "vitest";
import type { ReaderSpec } from "#shared/model/formats";
import { MemoryStorage } from "#shared/storage/memory";
import {
  bzip2Long,
  bzip2Streams,
  firstLines,
  lines,
  long,
  zstdFrames,
  zstdLong,
  zstdSized,
} from "./compressed.fixture.js";
import { Bzip2Decoder } from "./bzip2-decoder.js";
import type { Decoder } from "./decoder.js";
import { codeOf, records, splitsOf, store } from "./reading.fixture.js";
import { ZstdDecoder } from "./zstd-decoder.js";

const wholeFile: ReaderSpec = { kind: "file", as: "bytes" };

async function read(name: string, bytes: Buffer, spec: ReaderSpec, blockBytes = 1_000) {
  const storage = new MemoryStorage();
  const kept = await store(storage, name, bytes);
  return records(storage, spec, [{ ranges: [kept] }], { blockBytes });
}

const whole = async (name: string, bytes: Buffer, blockBytes?: number) =>
  (await read(name, bytes, wholeFile, blockBytes)).map(([, content]) => content);

describe("bzip2 and zstd inputs", () => {
  it("are what was compressed, through all streams and frames, whatever the blocks", async () => {
    for (const blockBytes of [1, 7, 1_000, 1_048_576]) {
      expect(await whole("f.bz2", bzip2Streams, blockBytes)).toEqual([lines]);
      expect(await whole("f.zst", zstdFrames, blockBytes)).toEqual([lines]);
      expect(await whole("f.zst", zstdSized, blockBytes)).toEqual([firstLines]);
    }
    for (const [name, bytes] of [
      ["f.bz2", bzip2Long],
      ["f.zst", zstdLong],
    ] as const) {
      const [content] = await whole(name, bytes, 100_000);
      expect(content === long).toBe(true);
    }
  });

  it("are read by every reader", async () => {
    const split = lines.split("\n");
    for (const [name, bytes] of [
      ["f.bz2", bzip2Streams],
      ["f.zst", zstdFrames],
    ] as const) {
      const cut = await read(name, bytes, { kind: "text" });
      expect(cut.map(([, line]) => line)).toEqual(split);
      expect(cut.at(-1)?.[0]).toBe(lines.lastIndexOf("\n") + 1);
      const delimited = await read(name, bytes, { kind: "text", delimiter: "\nline " });
      expect(delimited).toHaveLength(split.length);
      const chunks = await read(name, bytes, { kind: "chunk" });
      expect(chunks.map(([, chunk]) => chunk).join("")).toBe(lines);
      const rows = await read(name, bytes, { kind: "csv", header: false, delimiter: " " });
      expect(rows.map(([, row]) => row)).toEqual(split);
      const recordBytes = lines.length / 2;
      expect(Number.isInteger(recordBytes)).toBe(true);
      const halves = await read(name, bytes, { kind: "fixed", recordBytes, keyBytes: 0 }, 9_999);
      expect(halves.map(([, half]) => half).join("")).toBe(lines);
    }
  });

  it("cannot be split", async () => {
    for (const name of ["f.bz2", "f.zst"]) {
      const storage = new MemoryStorage();
      const range = await store(storage, name, zstdFrames);
      const refusal = await codeOf(records(storage, { kind: "text" }, splitsOf(range, 100)));
      expect(refusal.message).toContain("cannot be split");
    }
  });

  it("are refused with file and offset wherever they are cut off, or followed by anything else", async () => {
    for (const [name, bytes, whole] of [
      ["f.bz2", bzip2Streams, lines],
      ["f.zst", zstdFrames, lines],
      ["f.zst", zstdSized, firstLines],
    ] as const) {
      const bad = [Buffer.concat([bytes, Buffer.from("garbage")])];
      for (let end = 1; end < bytes.length; end += 13) bad.push(bytes.subarray(0, end));
      for (const piece of bad) {
        const found = await outcome(name, piece);
        // Cut between streams or frames, an input is complete.
        if (typeof found === "string") expect(whole.startsWith(found)).toBe(true);
        else expect(found.details).toMatchObject({ location: `/${name}` });
      }
      const cut = await outcome(name, bytes.subarray(0, bytes.length - 1));
      expect(cut).toMatchObject({ code: "MR_INPUT_CORRUPT" });
      expect(await outcome(name, bad[0] as Buffer)).toMatchObject({ code: "MR_INPUT_CORRUPT" });
    }
  });

  it("are refused when a bit is wrong, or read as they were: checksums are checked", async () => {
    for (const [name, bytes, whole] of [
      ["f.bz2", bzip2Streams.subarray(0, 700), ""],
      ["f.zst", zstdSized, firstLines],
    ] as const) {
      for (let bit = 0; bit < bytes.length * 8; bit += 7) {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const found = await outcome(name, flipped);
        if (typeof found === "string") expect(found, `bit ${bit}`).toBe(whole);
        else expect(["MR_INPUT_CORRUPT"]).toContain(found.code);
      }
    }
  });

  it("hand out what they hold a piece at a time", async () => {
    const decoders: [Decoder, Buffer][] = [
      [new Bzip2Decoder(), bzip2Long],
      [await ZstdDecoder.make(), zstdLong],
    ];
    for (const [decoder, bytes] of decoders) {
      expect(decoder.read()).toBeNull();
      decoder.push(bytes);
      decoder.finish();
      let length = 0;
      for (let piece = decoder.read(); piece !== null; piece = decoder.read()) {
        expect(piece.length).toBeLessThanOrEqual(256 * 1024);
        length += piece.length;
      }
      expect(length).toBe(long.length);
    }
  });
});

/** What a read gives: the content, or why it is refused. */
async function outcome(name: string, bytes: Buffer) {
  const storage = new MemoryStorage();
  const range = await store(storage, name, bytes);
  let content = "";
  try {
    const work = records(storage, wholeFile, [{ ranges: [range] }]);
    content = (await work).map(([, text]) => text).join("");
  } catch (error) {
    return codeOf(Promise.reject(error));
  }
  return content;
}
