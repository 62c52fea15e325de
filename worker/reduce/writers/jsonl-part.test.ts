import { isUtf8 } from "node:buffer";
import os from "node:os";
import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyKinds } from "#shared/format/key";
import { valueTags } from "#shared/format/value";
import { readWtf8 } from "#shared/format/wtf8";
import { MemoryStorage } from "#shared/storage/memory";
import { openPartWriter } from "./open-part-writer.js";
import { writePart } from "./writing.fixture.js";

/** The line of a record whose key and value are strings of these bytes. */
async function lineOf(key: Uint8Array, value: Uint8Array): Promise<Buffer> {
  const storage = new MemoryStorage();
  const overflowPath = path.join(os.tmpdir(), `millrace-jsonl-${process.pid}`);
  const writer = openPartWriter({ kind: "jsonl" }, await storage.write("part"), { overflowPath });
  const bytes = Buffer.concat([key, Buffer.from([valueTags.string]), value]);
  writer.add(keyKinds.string, bytes, 0, key.length, bytes, key.length, bytes.length);
  await writer.finish();
  const blocks: Buffer[] = [];
  for await (const block of storage.read("part")) blocks.push(block);
  return Buffer.concat(blocks);
}

describe("jsonl parts", () => {
  it("escape bytes that are not UTF-8, in short texts and in long ones", async () => {
    const long = "a text that is longer than a few words, ".repeat(3);
    for (const text of ["\udc80", "é\udcffé", `${long}\udc80`, `\udcc3${long}é"`, "\ud800x"]) {
      const { bytes } = await writePart({ kind: "jsonl" }, [[text, [text]]]);
      expect(bytes.toString()).toBe(`${JSON.stringify({ key: text, value: [text] })}\n`);
    }
  });

  it("are UTF-8 and give back the text of any bytes", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc
        .constantFrom("plain text of some length ", "é€\u{1f600}", '"\\\n\x01')
        .map((text) => Buffer.from(text)),
      fc
        .constantFrom([0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90], [0xc0, 0x80])
        .map((list) => Buffer.from(list)),
    );
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.concat(pieces));
    await fc.assert(
      fc.asyncProperty(text, text, async (key, value) => {
        const line = await lineOf(key, value);
        expect(isUtf8(line)).toBe(true);
        expect(line.toString()).toBe(
          `${JSON.stringify({
            key: readWtf8(key, 0, key.length),
            value: readWtf8(value, 0, value.length),
          })}\n`,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it("hold large texts that are not UTF-8", async () => {
    const value = Buffer.from("é\xff plain, ".repeat(30_000), "latin1");
    const line = await lineOf(Buffer.from("k"), value);
    expect(JSON.parse(line.toString())).toEqual({
      key: "k",
      value: readWtf8(value, 0, value.length),
    });
  });
});
