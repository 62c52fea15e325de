import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WriterSpec } from "#shared/model/formats";
import { writePart, type Entry } from "./writing.fixture.js";

type CsvSpec = Extract<WriterSpec, { kind: "csv" }>;

async function csv(entries: readonly Entry[], options: Partial<CsvSpec> = {}): Promise<string> {
  const { bytes } = await writePart({ kind: "csv", ...options }, entries);
  return bytes.toString("latin1");
}

/** Reads RFC 4180 one character after another, as slowly as it is written there. */
function parse(text: string, delimiter = ","): string[][] {
  const rows: string[][] = [];
  for (let at = 0; at < text.length;) {
    const row: string[] = [];
    for (;;) {
      let field = "";
      if (text[at] === '"') {
        for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
          if (text[at] === '"') at++;
          field += text[at] ?? "";
        }
        at++;
      } else {
        while (at < text.length && text[at] !== delimiter && text[at] !== "\n") field += text[at++];
      }
      row.push(field);
      if (text[at] !== delimiter) break;
      at++;
    }
    expect(text[at]).toBe("\n");
    at++;
    rows.push(row);
  }
  return rows;
}

describe("csv parts", () => {
  it("have a column for the key and one for each element, member, or the value", async () => {
    const entries: Entry[] = [
      ["k", "v"],
      ["k", 1.5],
      ["k", null],
      ["k", true],
      ["", ["a", 2, null, false]],
      ["k", { b: "x", a: -1 }],
      [7, [["x", 1], { n: null }]],
      ["k", []],
      [Buffer.from([0xff]), Buffer.from([0x80, 0])],
    ];
    expect(await csv(entries)).toBe(
      [
        "k,v",
        "k,1.5",
        "k,",
        "k,true",
        "a,2,,false",
        "k,x,-1",
        '7,"[""x"",1]","{""n"":null}"',
        "k",
        "\xff,\x80\0",
        "",
      ].join("\n"),
    );
  });

  it("quote a field only where it must be", async () => {
    const fields = ["a,b", 'say "x"', "cr\r", "lf\n", " lead", "trail ", "in side", "'", ";", "\t"];
    expect(await csv([["", fields]])).toBe(
      '"a,b","say ""x""","cr\r","lf\n"," lead","trail ",in side,\',;,\t\n',
    );
    expect(await csv([["1-2", -3]], { delimiter: "-" })).toBe('"1-2"-"-3"\n');
    expect(await csv([["a,b", "c;d"]], { delimiter: ";" })).toBe('a,b;"c;d"\n');
  });

  it("keep a row of one empty field from being an empty line", async () => {
    const entries: Entry[] = [
      ["", ""],
      ["", null],
      ["", []],
      ["", ["", ""]],
    ];
    expect(await csv(entries)).toBe('""\n""\n""\n,\n');
  });

  it("begin with the header, without records as well", async () => {
    const header = ["word", "how often", "a,b"];
    expect(await csv([["x", 1]], { header })).toBe('word,how often,"a,b"\nx,1\n');
    expect(await csv([], { header })).toBe('word,how often,"a,b"\n');
    expect(await csv([["x", 1]], { header: true })).toBe("x,1\n");
  });

  it("write bytes that are not UTF-8 as they are, in arrays too", async () => {
    expect(await csv([["\udcff", ["\udc80", "é"]]])).toBe("\xff,\x80,\xc3\xa9\n");
  });

  it("are read back as they were written", async () => {
    const text = fc.string({
      unit: fc.constantFrom("a", " ", ",", ";", '"', "\n", "\r", "é", "\t", "1", "-"),
      maxLength: 6,
    });
    const field = fc.oneof(text, fc.integer(), fc.double({ noNaN: true }), fc.boolean());
    const value = fc.oneof(field, fc.array(field, { minLength: 1, maxLength: 4 }));
    const entries = fc.array(fc.tuple(fc.oneof(text, fc.integer()), value), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        entries,
        fc.constantFrom(",", ";", "\t", "1", "-"),
        async (all, delimiter) => {
          const found = parse(await csv(all, { delimiter }), delimiter);
          const expected = all.map(([key, value]) => {
            const fields = Array.isArray(value) ? value.map(inJson) : [value];
            const columns: unknown[] = key === "" ? fields : [key, ...fields];
            return columns.map((column) => Buffer.from(shown(column)).toString("latin1"));
          });
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function shown(column: unknown): string {
  // JSON has no -0: in an array it is 0.
  return typeof column === "string" ? column : String(column);
}

/** Arrays are JSON, which has no infinities: null, an empty field, takes their place. */
function inJson<Field>(element: Field): Field | "" {
  return element === Infinity || element === -Infinity ? "" : element;
}
