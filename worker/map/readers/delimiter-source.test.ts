import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReaderSpec } from "#shared/model/formats";
import { MemoryStorage } from "#shared/storage/memory";
import { codeOf, records, splitsOf, store, type Found } from "./reading.fixture.js";

const mark = "\xef\xbb\xbf";

/** What a reader without splits and blocks finds: cut at the first delimiter, then go on behind it. */
function expectedRecords(content: string, delimiter: string): Found[] {
  const found: Found[] = [];
  for (let at = content.startsWith(mark) ? 3 : 0; at < content.length;) {
    const next = content.indexOf(delimiter, at);
    const end = next < 0 ? content.length : next;
    found.push([at, content.slice(at, end)]);
    at = end + delimiter.length;
  }
  return found;
}

function spec(delimiter: string): ReaderSpec {
  return { kind: "text", delimiter: Buffer.from(delimiter, "latin1").toString("utf8") };
}

async function expectEverywhere(
  content: string,
  delimiter: string,
  splitSizes: readonly number[],
  blockSizes: readonly number[],
): Promise<void> {
  const storage = new MemoryStorage();
  const range = await store(storage, "f", content);
  const expected = expectedRecords(content, delimiter);
  for (const splitBytes of splitSizes) {
    for (const blockBytes of blockSizes) {
      const splits = splitsOf(range, splitBytes);
      const found = await records(storage, spec(delimiter), splits, { blockBytes });
      if (JSON.stringify(found) === JSON.stringify(expected)) continue;
      const place = `${JSON.stringify([content, delimiter])} splits ${splitBytes} blocks ${blockBytes}`;
      expect(found, place).toEqual(expected);
    }
  }
}

const upTo = (most: number) => Array.from({ length: most }, (_, index) => index + 1);

describe("records with a delimiter", () => {
  it("are those of a sequential read, for every text of two letters, split size and block size", async () => {
    for (const delimiter of ["a", "aa", "aba", "abb"]) {
      for (let number = 0; number < 128; number++) {
        const content = number.toString(2).padStart(7, "0").replaceAll("0", "b");
        await expectEverywhere(content.replaceAll("1", "a"), delimiter, upTo(7), [1, 2, 3, 8]);
      }
    }
  });

  it("are those of a sequential read where they are empty, long, marked or not ended", async () => {
    const samples: [content: string, delimiter: string][] = [
      ["", ";"],
      [";", ";"],
      [";;a;\r\n;b", ";"],
      ["one\n\ntwo\n\n\n\n\nthree\n", "\n\n"],
      ["a\r\nb\r\n\r\nc\rd\ne", "\r\n"],
      ["a\xc3\xa9\xc3b\xa9\xc3\xa9c\xc3\xa9", "\xc3\xa9"],
      [`${mark}aaaaaa`, "aa"],
      [`${mark}${mark}a${mark}`, mark],
      [mark, mark],
      [`${mark}a;b`, ";"],
      [`${mark}a`, `${mark}a`],
      ["0123456789abcdef0123456789abcde", "0123456789abcdef"],
      [`x${"a".repeat(20)}b${"a".repeat(5)}`, "aaa"],
    ];
    for (const [content, delimiter] of samples) {
      await expectEverywhere(
        content,
        delimiter,
        upTo(content.length + 1),
        upTo(content.length + 2),
      );
    }
  });

  it("are those of a sequential read for any text and delimiter", async () => {
    const letters = (most: number) =>
      fc.string({ unit: fc.constantFrom("a", "b", "\n", "\xef", "\xbb", "\xbf"), maxLength: most });
    const delimiters = fc.constantFrom("aa", "aab", "abaab", "\n\n", "\nb\n", "ab");
    await fc.assert(
      fc.asyncProperty(
        letters(300),
        delimiters,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        (content, delimiter, splitBytes, blockBytes) =>
          expectEverywhere(content, delimiter, [splitBytes], [blockBytes]),
      ),
      { numRuns: 400 },
    );
  });

  it("are found where delimiters overlap over more than is looked through at a time", async () => {
    const content = `x${"\n".repeat(200_000)}y\n\nz`;
    await expectEverywhere(content, "\n\n", [66_001], [1_048_576]);
  });

  it("may be compressed, and are refused when too large", async () => {
    const storage = new MemoryStorage();
    const zipped = await store(storage, "f.gz", gzipSync("a--b----c"));
    const settings = { blockBytes: 2, recordBytesMax: 10 };
    const found = await records(storage, spec("--"), [{ ranges: [zipped] }], settings);
    expect(found.map(([, record]) => record)).toEqual(["a", "b", "", "c"]);
    for (const ending of ["--", ""]) {
      const fits = await store(storage, "fits", `ab--${"x".repeat(10)}${ending}`);
      const large = await store(storage, "large", `ab--${"x".repeat(11)}${ending}`);
      expect(await records(storage, spec("--"), splitsOf(fits, 5), settings)).toHaveLength(2);
      const refusal = await codeOf(records(storage, spec("--"), splitsOf(large, 100), settings));
      expect(refusal.code).toBe("MR_RECORD_TOO_LARGE");
      expect(refusal.details).toMatchObject({ location: "/large", offset: 4 });
    }
  });
});
