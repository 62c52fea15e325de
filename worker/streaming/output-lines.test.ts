import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { program } from "#shared/authoring/programs";
import { OutputLines, type LineForm } from "./output-lines.js";

interface Cut {
  readonly key: string;
  readonly value: string | null;
}

function cut(chunks: readonly Buffer[], keyFields: number, form: LineForm): Cut[] {
  const found: Cut[] = [];
  const lines = new OutputLines(
    program("x", { keyFields }),
    {
      emitLine: (bytes, keyStart, keyEnd, valueStart, valueEnd) =>
        found.push({
          key: bytes.toString("latin1", keyStart, keyEnd),
          value: valueStart < 0 ? null : bytes.toString("latin1", valueStart, valueEnd),
        }),
    },
    form,
  );
  for (const chunk of chunks) lines.add(chunk);
  lines.end();
  return found;
}

/** The same said simply. */
function expected(text: string, keyFields: number, form: LineForm): Cut[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    const fields = line.split("\t");
    if (form.isWhole) return { key: line, value: null };
    if (fields.length <= keyFields) return { key: line, value: form.lacksValue ? null : "" };
    const key = fields.slice(0, keyFields).join("\t");
    return { key, value: fields.slice(keyFields).join("\t") };
  });
}

const piece = fc.oneof(
  fc.constantFrom("\t", "\n", "\n\n", "a", "\xff", "\r", "\0"),
  fc.integer({ min: 90, max: 110 }).map((size) => "x".repeat(size)),
);

describe("OutputLines", () => {
  it("cuts the same lines wherever chunks end", () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.boolean(),
        (pieces, sizes, keyFields, isWhole, lacksValue) => {
          const text = pieces.join("");
          const bytes = Buffer.from(text, "latin1");
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          const form = { isWhole, lacksValue };
          expect(cut(chunks, keyFields, form)).toEqual(expected(text, keyFields, form));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
