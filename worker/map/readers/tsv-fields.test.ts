import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tsvFields } from "./tsv-fields.js";

const escaped: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

describe("fields of a TSV line", () => {
  it("are what lies between tabs, empty ones too", () => {
    expect(tsvFields("", false)).toEqual([""]);
    expect(tsvFields("a\t\tb\t", false)).toEqual(["a", "", "b", ""]);
    expect(tsvFields("a\\tb\\\\\\x", false)).toEqual(["a\\tb\\\\\\x"]);
  });

  it("are what the writer escaped, where that is asked for; other backslashes stay", () => {
    expect(tsvFields("a\\tb\\\\n\\x\\\tc\\", true)).toEqual(["a\tb\\n\\x\\", "c\\"]);
    const field = fc.string({ unit: fc.constantFrom("a", "\\", "\t", "\n", "\r", "n", "t") });
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), (fields) => {
        const line = fields
          .map((text) => Array.from(text, (char) => escaped[char] ?? char).join(""))
          .join("\t");
        expect(tsvFields(line, true)).toEqual(fields);
      }),
    );
  });
});
