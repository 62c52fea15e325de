import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReaderSpec } from "#shared/model/formats";
import type { InputRange } from "#shared/model/split";
import { MemoryStorage } from "#shared/storage/memory";
import { codeOf, open, records, splitsOf, store, type Found } from "./reading.fixture.js";

const text: ReaderSpec = { kind: "text" };

/** What a reader without splits and blocks finds. */
function expectedLines(content: string): Found[] {
  const start = content.startsWith("\xef\xbb\xbf") ? 3 : 0;
  const found: Found[] = [];
  for (let at = start; at < content.length;) {
    const newline = content.indexOf("\n", at);
    const end = newline < 0 ? content.length : newline;
    const line = content.slice(at, end);
    found.push([at, newline >= 0 && line.endsWith("\r") ? line.slice(0, -1) : line]);
    at = end + 1;
  }
  return found;
}

const sampleLines = ["", "a", "bc", "", "", "a longer line", "d", ""];
const samples: string[] = [
  ...["\n", "\r\n", "\r", "\n\r", "\r\r\n"].flatMap((ending) => [
    sampleLines.join(ending),
    sampleLines.join(ending) + ending,
  ]),
  "\n",
  "x",
  "\n\n\n",
  "no end of line at all",
  "\r",
  "\xef\xbb\xbf",
  "\xef\xbb\xbf\n",
  "\xef\xbb\xbfa\nb",
  "\xef\xbb",
  "a\n\xef\xbb\xbfb\n",
];

describe("text records", () => {
  it("are those of a sequential read for every split size and block size", async () => {
    const storage = new MemoryStorage();
    for (const [index, content] of samples.entries()) {
      const range = await store(storage, `f${index}`, content);
      const expected = expectedLines(content);
      for (let splitBytes = 1; splitBytes <= content.length + 1; splitBytes++) {
        const splits = splitsOf(range, splitBytes);
        for (let blockBytes = 1; blockBytes <= content.length + 2; blockBytes++) {
          const found = await records(storage, text, splits, { blockBytes });
          if (JSON.stringify(found) === JSON.stringify(expected)) continue;
          const place = `${JSON.stringify(content)} splits ${splitBytes} blocks ${blockBytes}`;
          expect(found, place).toEqual(expected);
        }
      }
    }
  });

  it("are those of a sequential read for any bytes", async () => {
    const piece = fc.constantFrom(
      "\n",
      "\r",
      "\r\n",
      "a",
      "bb",
      "\xef\xbb\xbf",
      "\0",
      "x".repeat(9),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join("")),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        async (content, splitBytes, blockBytes) => {
          const storage = new MemoryStorage();
          const splits = splitsOf(await store(storage, "f", content), splitBytes);
          const found = await records(storage, text, splits, { blockBytes });
          expect(found).toEqual(expectedLines(content));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("may be longer than splits and blocks", async () => {
    const storage = new MemoryStorage();
    const content = `${"a".repeat(300_000)}\r\nshort\n${"b".repeat(100_000)}`;
    const range = await store(storage, "f", content);
    for (const [splitBytes, blockBytes] of [
      [70_000, 1_000],
      [1_000_000, 65_536],
      [299_999, 7_777],
    ]) {
      const splits = splitsOf(range, splitBytes ?? 1);
      const found = await records(storage, text, splits, { blockBytes: blockBytes ?? 1 });
      expect(found).toEqual(expectedLines(content));
    }
  });

  it("come from many small files packed into one split, empty ones too", async () => {
    const storage = new MemoryStorage();
    const contents = ["a\nb", "", "\n", "c\r\n", "", "d"];
    const ranges: InputRange[] = [];
    for (const [index, content] of contents.entries()) {
      ranges.push(await store(storage, `f${index}`, content));
    }
    const source = open(storage, text, { ranges }, { blockBytes: 2 });
    const found: string[] = [];
    while (await source.advance()) {
      while (source.next()) {
        found.push(`${source.location} ${source.bytes.latin1Slice(source.start, source.end)}`);
      }
    }
    expect(found).toEqual(["/f0 a", "/f0 b", "/f2 ", "/f3 c", "/f5 d"]);
    expect(source.bytesRead).toBe(8);
  });

  it("that are larger than the limit are refused with their place", async () => {
    const storage = new MemoryStorage();
    const settings = (blockBytes: number) => ({ blockBytes, recordBytesMax: 10 });
    for (const ending of ["\n", "\r\n", ""]) {
      const fits = await store(storage, "fits", `ab\n${"x".repeat(10)}${ending}`);
      const large = await store(storage, "large", `ab\n${"x".repeat(11)}${ending}`);
      for (let blockBytes = 1; blockBytes <= 20; blockBytes++) {
        const found = await records(storage, text, splitsOf(fits, 100), settings(blockBytes));
        expect(found[1]?.[1]).toBe("x".repeat(10));
        const refusal = await codeOf(
          records(storage, text, splitsOf(large, 100), settings(blockBytes)),
        );
        expect(refusal.code).toBe("MR_RECORD_TOO_LARGE");
        expect(refusal.details).toMatchObject({ location: "/large", offset: 3 });
      }
    }
  });
});

describe("jsonl records", () => {
  it("are the lines that are not blank", async () => {
    const storage = new MemoryStorage();
    const content = '{"a":1}\n\n  \r\n\t\n [2] \r\n\n3';
    const range = await store(storage, "f", content);
    for (let splitBytes = 1; splitBytes <= content.length; splitBytes++) {
      for (let blockBytes = 1; blockBytes <= content.length; blockBytes++) {
        const splits = splitsOf(range, splitBytes);
        const found = await records(storage, { kind: "jsonl" }, splits, { blockBytes });
        expect(found.map(([, record]) => record)).toEqual(['{"a":1}', " [2] ", "3"]);
      }
    }
  });
});

describe("records of fixed length", () => {
  it("are found in every split and block", async () => {
    const storage = new MemoryStorage();
    const content = "aaabbbcccdddeee";
    const range = await store(storage, "f", content);
    for (const recordBytes of [1, 3, 5, 15]) {
      const expected = Array.from({ length: 15 / recordBytes }, (_, index) => {
        const at = index * recordBytes;
        return [at, content.slice(at, at + recordBytes)];
      });
      const spec: ReaderSpec = { kind: "fixed", recordBytes, keyBytes: 0 };
      for (let splitBytes = 1; splitBytes <= 16; splitBytes++) {
        for (let blockBytes = 1; blockBytes <= 16; blockBytes++) {
          const splits = splitsOf(range, splitBytes);
          expect(await records(storage, spec, splits, { blockBytes })).toEqual(expected);
        }
      }
    }
  });

  it("refuse a file that ends inside one, plain or compressed", async () => {
    const storage = new MemoryStorage();
    const spec: ReaderSpec = { kind: "fixed", recordBytes: 4, keyBytes: 1 };
    const range = await store(storage, "f", "aaaabbbbcc");
    const zipped = await store(storage, "f.gz", gzipSync("aaaabbbbcc"));
    for (const blockBytes of [1, 3, 4, 100]) {
      const refusal = await codeOf(records(storage, spec, splitsOf(range, 9), { blockBytes }));
      expect(refusal.code).toBe("MR_INPUT_CORRUPT");
      expect(refusal.details).toMatchObject({ location: "/f", offset: 8, foundBytes: 2 });
      const other = await codeOf(records(storage, spec, [{ ranges: [zipped] }], { blockBytes }));
      expect(other.details).toMatchObject({ location: "/f.gz", offset: 8 });
    }
  });
});

describe("whole files", () => {
  it("are one record each, empty ones too", async () => {
    const storage = new MemoryStorage();
    const ranges = [
      await store(storage, "a", "one\ntwo\n"),
      await store(storage, "empty", ""),
      await store(storage, "b.gz", gzipSync("three")),
      await store(storage, "marked", "\xef\xbb\xbfx"),
    ];
    for (const blockBytes of [1, 5, 1_000]) {
      const settings = { blockBytes };
      const asText = await records(storage, { kind: "file", as: "text" }, [{ ranges }], settings);
      expect(asText).toEqual([
        [0, "one\ntwo\n"],
        [0, ""],
        [0, "three"],
        [3, "x"],
      ]);
      const asBytes = await records(storage, { kind: "file", as: "bytes" }, [{ ranges }], settings);
      expect(asBytes[3]).toEqual([0, "\xef\xbb\xbfx"]);
    }
  });

  it("are refused when too large", async () => {
    const storage = new MemoryStorage();
    const plain = await store(storage, "a", "x".repeat(11));
    const zipped = await store(storage, "a.gz", gzipSync("x".repeat(11)));
    for (const range of [plain, zipped]) {
      const spec: ReaderSpec = { kind: "file", as: "bytes" };
      const work = records(storage, spec, [{ ranges: [range] }], { recordBytesMax: 10 });
      expect((await codeOf(work)).code).toBe("MR_RECORD_TOO_LARGE");
    }
  });
});

describe("gzip inputs", () => {
  const content = Array.from({ length: 3_000 }, (_, index) => `line ${index * 7919}`).join("\n");
  const half = Math.floor(content.length / 3);
  const members = Buffer.concat([
    gzipSync(content.slice(0, half)),
    gzipSync(""),
    gzipSync(content.slice(half)),
  ]);

  it("are read through all members, with offsets of the decompressed bytes", async () => {
    const storage = new MemoryStorage();
    const range = await store(storage, "f.gz", members);
    const padded = await store(storage, "p.gz", Buffer.concat([members, Buffer.alloc(700)]));
    for (const blockBytes of [1, 17, 1_000, 1_048_576]) {
      const found = await records(storage, text, [{ ranges: [range] }], { blockBytes });
      expect(found).toEqual(expectedLines(content));
    }
    expect(await records(storage, text, [{ ranges: [padded] }], { blockBytes: 100 })).toEqual(
      expectedLines(content),
    );
  });

  it("may begin with a byte order mark", async () => {
    const storage = new MemoryStorage();
    const zipped = gzipSync(Buffer.from("\xef\xbb\xbfa\nb", "latin1"));
    const range = await store(storage, "f.gz", zipped);
    const found = await records(storage, text, [{ ranges: [range] }], { blockBytes: 1 });
    expect(found.map(([, line]) => line)).toEqual(["a", "b"]);
  });

  it("that are cut off, corrupt or followed by garbage are refused with file and offset", async () => {
    const storage = new MemoryStorage();
    const flipped = Buffer.from(members);
    flipped[500] = (flipped[500] ?? 0) ^ 0x40;
    const bad: Record<string, Buffer> = {
      "cut.gz": members.subarray(0, members.length - 1),
      "cut-in-first.gz": members.subarray(0, 300),
      "flipped.gz": flipped,
      "plain.gz": Buffer.from("no gzip at all\n"),
      "garbage.gz": Buffer.concat([members, Buffer.from("garbage")]),
      "garbage-behind-zeros.gz": Buffer.concat([members, Buffer.alloc(9), Buffer.from("x")]),
    };
    for (const [name, bytes] of Object.entries(bad)) {
      const range = await store(storage, name, bytes);
      for (const blockBytes of [50, 1_048_576]) {
        const refusal = await codeOf(records(storage, text, [{ ranges: [range] }], { blockBytes }));
        expect(refusal.code, name).toBe("MR_INPUT_CORRUPT");
        expect(refusal.details["location"]).toBe(`/${name}`);
        expect(refusal.details["compressedOffset"]).toBeLessThanOrEqual(bytes.length);
      }
    }
  });

  it("cannot be split", async () => {
    const storage = new MemoryStorage();
    const range = await store(storage, "f.gz", members);
    const refusal = await codeOf(records(storage, text, splitsOf(range, 100)));
    expect(refusal.message).toContain("cannot be split");
  });
});

describe("inputs that are not as planned", () => {
  it("are refused when gone or changed, every kind of reader", async () => {
    const specs: ReaderSpec[] = [
      text,
      { kind: "jsonl" },
      { kind: "file", as: "bytes" },
      { kind: "fixed", recordBytes: 2, keyBytes: 1 },
    ];
    for (const spec of specs) {
      for (const name of ["f", "f.gz"]) {
        const storage = new MemoryStorage();
        const content = name === "f" ? Buffer.from("abcd") : gzipSync("abcd");
        const range = await store(storage, name, content);
        await store(storage, name, content);
        const changed = await codeOf(records(storage, spec, [{ ranges: [range] }]));
        expect(changed.code).toBe("MR_INPUT_CHANGED");
        expect(changed.message).toContain(`location=/${name}`);
        await storage.delete(name);
        const gone = await codeOf(records(storage, spec, [{ ranges: [range] }]));
        expect(gone.code).toBe("MR_INPUT_NOT_FOUND");
      }
    }
  });

  it("can be left before the end", async () => {
    const storage = new MemoryStorage();
    for (const name of ["f", "f.gz"]) {
      const content = Buffer.from("a\nb\nc\n");
      const range = await store(storage, name, name === "f" ? content : gzipSync(content));
      const source = open(storage, text, { ranges: [range] }, { blockBytes: 2 });
      do expect(await source.advance()).toBe(true);
      while (!source.next());
      await source.close();
    }
  });
});
