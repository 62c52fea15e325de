import { describe, expect, it } from "vitest";
import type { WriterSpec } from "#shared/model/formats";
import { writePart, type Entry } from "./writing.fixture.js";

async function lines(entries: readonly Entry[], separator?: string): Promise<string> {
  const spec: WriterSpec =
    separator === undefined ? { kind: "lines" } : { kind: "lines", separator };
  return (await writePart(spec, entries)).bytes.toString("latin1");
}

describe("parts of plain lines", () => {
  it("hold key, separator and value as they are", async () => {
    const entries: Entry[] = [
      ["a\tb", "c\\d\ne"],
      ["n", -0.5],
      [12, true],
      ["o", { a: ["\n"] }],
      [Buffer.from([0xff]), Buffer.from([0x80])],
      ["\udcfe", "\udc81"],
    ];
    expect(await lines(entries)).toBe(
      'a\tb\tc\\d\ne\nn\t-0.5\n12\ttrue\no\t{"a":["\\n"]}\n\xff\t\x80\n\xfe\t\x81\n',
    );
  });

  it("leave out the separator beside an empty key or a null value", async () => {
    const entries: Entry[] = [
      ["", "value"],
      ["key", null],
      ["", null],
      ["key", ""],
      [0, 0],
    ];
    expect(await lines(entries)).toBe("value\nkey\n\nkey\t\n0\t0\n");
  });

  it("take any separator, none too", async () => {
    expect(await lines([["a", 1]], " → ")).toBe("a \xe2\x86\x92 1\n");
    expect(await lines([["a", 1]], "")).toBe("a1\n");
  });
});
