import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReaderSpec } from "#shared/model/formats";
import { MemoryStorage } from "#shared/storage/memory";
import { BatchSource } from "./batch-source.js";
import { open, records, splitsOf, store } from "./reading.fixture.js";

const chunk: ReaderSpec = { kind: "chunk" };
const mark = "\xef\xbb\xbf";

async function expectChunks(
  content: string,
  splitSizes: readonly number[],
  blockSizes: readonly number[],
): Promise<void> {
  const storage = new MemoryStorage();
  const range = await store(storage, "f", content);
  const start = content.startsWith(mark) ? 3 : 0;
  for (const splitBytes of splitSizes) {
    for (const blockBytes of blockSizes) {
      const splits = splitsOf(range, splitBytes);
      const found = await records(storage, chunk, splits, { blockBytes });
      const place = `${JSON.stringify(content)} splits ${splitBytes} blocks ${blockBytes}`;
      let at = start;
      for (const [offset, bytes] of found) {
        if (offset !== at || bytes === "") expect(found, place).toBe("without gap");
        at += bytes.length;
        if (!bytes.endsWith("\n") && at !== content.length) expect(bytes, place).toBe("lines");
      }
      if (at !== Math.max(start, content.length)) expect(found, place).toBe("complete");
    }
  }
}

describe("chunks of lines", () => {
  it("are the whole file in whole lines, for every split size and block size", async () => {
    const samples = ["", "a", "\n", "\n\n", "ab\ncd\r\n\r\n\nefg", "a\nlonger line\nb\n"];
    for (const sample of [...samples, ...samples.map((content) => mark + content)]) {
      const sizes = Array.from({ length: sample.length + 2 }, (_, index) => index + 1);
      await expectChunks(sample, sizes, sizes);
    }
    const letters = fc.string({ unit: fc.constantFrom("a", "\n", "\r"), maxLength: 80 });
    const size = fc.integer({ min: 1, max: 90 });
    await fc.assert(
      fc.asyncProperty(letters, size, size, (content, splitBytes, blockBytes) =>
        expectChunks(content, [splitBytes], [blockBytes]),
      ),
    );
  });

  it("hold the lines that begin in their split, many at a time", async () => {
    const storage = new MemoryStorage();
    const range = await store(storage, "f", "line\n".repeat(1_000));
    const found = await records(storage, chunk, splitsOf(range, 2_502), { blockBytes: 1_000 });
    expect(found.map(([offset, bytes]) => [offset, bytes.length])).toEqual([
      [0, 1_000],
      [1_000, 1_000],
      [2_000, 500],
      [2_500, 5],
      [2_505, 995],
      [3_500, 5],
      [3_505, 995],
      [4_500, 5],
      [4_505, 495],
    ]);
  });
});

describe("batches of lines", () => {
  it("are the lines of one file in order, as many as were asked for at most", async () => {
    const storage = new MemoryStorage();
    const ranges = [
      await store(storage, "a", "1\n2\n3\n4\n5"),
      await store(storage, "b", "6\r\n\n\xff\n"),
    ];
    for (const [batchLines, expected] of [
      [2, ["/a 0 1,2", "/a 4 3,4", "/a 8 5", "/b 0 6,", "/b 4 \udcff"]],
      [100, ["/a 0 1,2,3,4", "/a 8 5", "/b 0 6,,\udcff"]],
    ] as const) {
      const source = open(storage, { kind: "text", batchLines }, { ranges });
      const found: string[] = [];
      while (await source.advance()) {
        while (source.next()) {
          if (!(source instanceof BatchSource)) throw new Error("no batches");
          found.push(`${source.location} ${source.offset} ${source.batch.join(",")}`);
        }
      }
      expect(found).toEqual(expected);
    }
  });
});
