import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReaderSpec } from "#shared/model/formats";
import type { Split } from "#shared/model/split";
import { MemoryStorage } from "#shared/storage/memory";
import { CsvSource } from "./csv-source.js";
import { codeOf, open, splitsOf, store } from "./reading.fixture.js";

type CsvSpec = Extract<ReaderSpec, { kind: "csv" }>;

const withHeader: CsvSpec = { kind: "csv", header: true };
const arrays: CsvSpec = { kind: "csv", header: false };

async function rowsOf(
  storage: MemoryStorage,
  spec: CsvSpec,
  splits: readonly Split[],
  blockBytes = 1_000,
): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (const split of splits) {
    const source = open(storage, spec, split, { blockBytes });
    if (!(source instanceof CsvSource)) throw new Error("no CSV");
    while (await source.advance()) {
      while (source.next()) rows.push(source.record());
    }
    expect(source.fraction()).toBe(1);
  }
  return rows;
}

const sizesOf = (content: string) =>
  Array.from({ length: Buffer.byteLength(content) + 1 }, (_, index) => index + 1);

/** As written by a program that quotes what must be quoted, and now and then what need not be. */
function written(rows: readonly (readonly string[])[], lineEnd: string): string {
  const field = (text: string, index: number) =>
    /[",\r\n]/.test(text) || (text.length + index) % 3 === 0
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  return rows.map((row) => row.map(field).join(",") + lineEnd).join("");
}

describe("CSV rows", () => {
  it("are those that were written, for every split size and block size", async () => {
    const rows = [
      ["id", "näme", "say"],
      ["1", "", 'a "b"'],
      ["", "é,", "c"],
      ["2", '""', ","],
    ];
    const objects = rows.slice(1).map(([id, name, say]) => ({ id, näme: name, say }));
    for (const lineEnd of ["\n", "\r\n", "\n\n", "\n\r\n"]) {
      for (const before of ["", "\ufeff", "\n\r\n\n"]) {
        const content = Buffer.from(before + written(rows, lineEnd));
        const storage = new MemoryStorage();
        const range = await store(storage, "f", content);
        for (const splitBytes of sizesOf(content.toString("utf8"))) {
          for (const blockBytes of [1, 2, 3, 5, 17, 1_000]) {
            const splits = splitsOf(range, splitBytes);
            const named = await rowsOf(storage, withHeader, splits, blockBytes);
            expect(named, `splits ${splitBytes} blocks ${blockBytes}`).toEqual(objects);
            expect(await rowsOf(storage, arrays, splits, blockBytes)).toEqual(rows);
          }
        }
      }
    }
  });

  it("may hold line ends in quotes where a file is read whole", async () => {
    const field = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", "\n", "\r", " ") });
    const row = fc.tuple(fc.constantFrom("x", "y\nz", '"'), field, field);
    await fc.assert(
      fc.asyncProperty(fc.array(row), fc.integer({ min: 1, max: 40 }), async (rows, blockBytes) => {
        const storage = new MemoryStorage();
        for (const lineEnd of ["\n", "\r\n"]) {
          const content = Buffer.from(written(rows, lineEnd));
          const ranges = [
            await store(storage, "f", content),
            await store(storage, "f.gz", gzipSync(content)),
          ];
          expect(await rowsOf(storage, arrays, [{ ranges }], blockBytes)).toEqual([
            ...rows,
            ...rows,
          ]);
        }
      }),
    );
  });

  it("take names from each file, from a list, or have none", async () => {
    const storage = new MemoryStorage();
    const ranges = [
      await store(storage, "a", "x;y\n1;2"),
      await store(storage, "empty", "\n"),
      await store(storage, "b", "y;x\n3;4\n5;6\n"),
      await store(storage, "only", "z\n"),
      await store(storage, "proto", "__proto__;1\na;b\n"),
    ];
    const spec = { ...withHeader, delimiter: ";" };
    const rows = await rowsOf(storage, spec, [{ ranges }]);
    expect(rows.map((row) => Object.entries(row as object))).toEqual([
      [
        ["x", "1"],
        ["y", "2"],
      ],
      [
        ["y", "3"],
        ["x", "4"],
      ],
      [
        ["y", "5"],
        ["x", "6"],
      ],
      [
        ["1", "b"],
        ["__proto__", "a"],
      ],
    ]);
    const listed = await rowsOf(storage, { ...spec, header: ["p", "q"] }, [
      { ranges: ranges.slice(0, 1) },
    ]);
    expect(listed).toEqual([
      { p: "x", q: "y" },
      { p: "1", q: "2" },
    ]);
    const uneven = await store(storage, "uneven", "1\n1,2,3\n,\n");
    expect(await rowsOf(storage, arrays, splitsOf(uneven, 4))).toEqual([
      ["1"],
      ["1", "2", "3"],
      ["", ""],
    ]);
  });

  it("keep bytes that are not UTF-8", async () => {
    const storage = new MemoryStorage();
    const range = await store(storage, "f", 'a,"\xff\xc3"\n');
    expect(await rowsOf(storage, arrays, [{ ranges: [range] }])).toEqual([["a", "\udcff\udcc3"]]);
  });
});

describe("CSV files that are refused", () => {
  const refusal = async (content: string, spec: CsvSpec, splitBytes: number) => {
    const storage = new MemoryStorage();
    const range = await store(storage, "f", content);
    return codeOf(rowsOf(storage, spec, splitsOf(range, splitBytes), 7));
  };

  it("have a row with more or fewer fields than the header, named by file and offset", async () => {
    for (const bad of ["1", "1,2,3", '1,"2",']) {
      for (const splitBytes of [5, 9, 100]) {
        const fault = await refusal(`a,b\n3,4\n${bad}\n5,6\n`, withHeader, splitBytes);
        expect(fault.code).toBe("MR_INPUT_CORRUPT");
        expect(fault.message).toContain("another number of fields");
        expect(fault.details).toMatchObject({ location: "/f", offset: 8, expected: 2 });
      }
    }
  });

  it("have line ends in quotes but are cut, wherever the cuts are", async () => {
    const content = 'a,b\n1,2\n3,"4\n5,6\n7"\n8,9\n';
    for (let splitBytes = 1; splitBytes < content.length; splitBytes++) {
      for (const spec of [withHeader, arrays]) {
        const fault = await refusal(content, spec, splitBytes);
        expect(fault.code).toBe("MR_INPUT_CORRUPT");
        expect(fault.message).toContain("set quotedNewlines: true");
        expect(fault.details).toMatchObject({ location: "/f", offset: 8, quoteOffset: 10 });
      }
    }
  });

  it("have a quote that is not closed, or one where none may stand", async () => {
    const open = await refusal('a,b\n1,"2\n', withHeader, 100);
    expect(open.message).toContain("ends inside a quoted field");
    expect(open.message).not.toContain("quotedNewlines");
    for (const splitBytes of [6, 100]) {
      const stray = await refusal('a,b\n1,2"\n', withHeader, splitBytes);
      expect(stray.message).toContain("quote where none may stand");
      expect(stray.details).toMatchObject({ offset: 4, quoteOffset: 7 });
    }
  });

  it("have a header that names two columns alike", async () => {
    for (const splitBytes of [6, 100]) {
      const fault = await refusal("a,b,a\n1,2,3\n", withHeader, splitBytes);
      expect(fault.details).toMatchObject({ location: "/f", offset: 0, column: "a" });
    }
  });
});
