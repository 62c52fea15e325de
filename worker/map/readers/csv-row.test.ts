import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvFaults, CsvRow } from "./csv-row.js";

const row = new CsvRow();

/** The fields of a row that lies between other bytes. */
function fieldsOf(content: string, delimiter = ","): string[] {
  const bytes = Buffer.from(`"x,${content},"\n`, "utf8");
  const start = 3;
  const end = bytes.length - 3;
  const count = row.parse(bytes, start, end, delimiter.charCodeAt(0));
  return Array.from({ length: count }, (_, index) => {
    const target = Buffer.alloc(bytes.length);
    return target.toString("utf8", 0, row.copyField(bytes, index, target, 0));
  });
}

function faultOf(content: string): readonly [kind: number, at: number] {
  return [row.parse(Buffer.from(content), 0, content.length, 44), row.faultAt];
}

describe("a CSV row", () => {
  it("has the fields that were written, quoted or not", () => {
    const field = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", ";", "\n", "\r", " ") });
    const written = fc.record({ text: field, isQuoted: fc.boolean() });
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 200 }), (fields) => {
        for (const delimiter of [",", ";"]) {
          const content = fields.map(({ text, isQuoted }) =>
            isQuoted || /[",;\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text,
          );
          const expected = fields.map(({ text }) => text);
          expect(fieldsOf(content.join(delimiter), delimiter)).toEqual(expected);
        }
      }),
    );
  });

  it("has one empty field when it is empty, and one behind a last delimiter", () => {
    expect(fieldsOf("")).toEqual([""]);
    expect(fieldsOf(",")).toEqual(["", ""]);
    expect(fieldsOf('a,"",')).toEqual(["a", "", ""]);
  });

  it("tells whether all of it is ASCII, and which fields hold quotes", () => {
    row.parse(Buffer.from('a,"b ""c""","d"'), 0, 15, 44);
    expect(row.isAscii).toBe(true);
    expect([...row.isQuoted.subarray(0, 3)]).toEqual([0, 1, 0]);
    for (const content of ["é", 'a,"é"', "é,a"]) {
      row.parse(Buffer.from(content), 0, Buffer.byteLength(content), 44);
      expect(row.isAscii, content).toBe(false);
    }
  });

  it("is refused with the place of a quote that is not closed or stands where none may", () => {
    expect(faultOf('a,"b')).toEqual([csvFaults.open, 2]);
    expect(faultOf('"')).toEqual([csvFaults.open, 0]);
    expect(faultOf('a,"b""')).toEqual([csvFaults.open, 2]);
    expect(faultOf('a,b"c')).toEqual([csvFaults.strayQuote, 3]);
    expect(faultOf('"a"b,c')).toEqual([csvFaults.strayQuote, 2]);
  });
});
