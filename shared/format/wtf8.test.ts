import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readWtf8, writeWtf8, wtf8BytesMax } from "./wtf8.js";

function encoded(text: string): Buffer {
  const bytes = Buffer.alloc(wtf8BytesMax(text) + 2);
  return bytes.subarray(1, writeWtf8(bytes, 1, text));
}

/** Decoded between other bytes, which must not matter. */
function decoded(bytes: Buffer): string {
  const around = Buffer.concat([Buffer.from([0xed, 0xa0]), bytes, Buffer.from([0x80, 0x80])]);
  return readWtf8(around, 2, around.length - 2);
}

function expectKept(bytes: Buffer): void {
  const back = encoded(decoded(bytes));
  if (back.equals(bytes)) return;
  expect(back.toString("hex"), JSON.stringify(decoded(bytes))).toBe(bytes.toString("hex"));
}

/** Bytes at which the rules of UTF-8 and of surrogates change. */
const borders = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xaf, 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xbf, 0xc0,
  0xc1, 0xc2, 0xdf, 0xe0, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf3, 0xf4, 0xf5, 0xff,
];

describe("bytes that are read as text", () => {
  it("are the same bytes again, all pairs, all that may be surrogates, all rows of four borders", () => {
    for (let number = 0; number < 2 ** 16; number++) {
      expectKept(Buffer.from([number >> 8, number & 0xff]));
      expectKept(Buffer.from([0xed, number >> 8, number & 0xff]));
    }
    for (const first of borders) {
      for (const second of borders) {
        for (const third of borders) {
          for (const fourth of borders) expectKept(Buffer.from([first, second, third, fourth]));
        }
      }
    }
  });

  it("are the same bytes again, any bytes and any row of surrogates", () => {
    const surrogate = fc
      .tuple(fc.integer({ min: 0xa0, max: 0xbf }), fc.integer({ min: 0x80, max: 0xbf }))
      .map(([second, third]) => [0xed, second, third]);
    const byte = fc.oneof(fc.constantFrom(...borders), fc.nat(255)).map((value) => [value]);
    const character = fc.string({ unit: "grapheme", maxLength: 1 }).map((c) => [...Buffer.from(c)]);
    fc.assert(
      fc.property(fc.array(fc.oneof(surrogate, byte, character)), (pieces) => {
        expectKept(Buffer.from(pieces.flat()));
      }),
      { numRuns: 5_000 },
    );
  });

  it("stand as the lone surrogates U+DC80 to U+DCFF where they are not UTF-8", () => {
    const cases: [bytes: number[], text: string][] = [
      [[0xff], "\udcff"],
      [[0x61, 0xe9, 0x62], "a\udce9b"],
      [[0xc3, 0xa9, 0xc3], "é\udcc3"],
      [[0xc0, 0x80], "\udcc0\udc80"],
      [[0xf0, 0x9f, 0x98], "\udcf0\udc9f\udc98"],
      [[0xed, 0xa0, 0x80], "\ud800"],
      [[0xed, 0xbf, 0xbf], "\udfff"],
      [[0xed, 0xb2, 0x80], "\udced\udcb2\udc80"],
      [[0xed, 0xa0, 0x80, 0xff], "\udced\udca0\udc80\udcff"],
      [[0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80], "\udced\udca0\udc80\udc00"],
      [[0xef, 0xbf, 0xbd, 0xff], "\ufffd\udcff"],
    ];
    for (const [bytes, text] of cases) {
      expect(JSON.stringify(decoded(Buffer.from(bytes)))).toBe(JSON.stringify(text));
    }
  });
});

describe("text that is written as bytes", () => {
  it("is the same text again, lone surrogates that stand for no byte included", () => {
    const unit = fc
      .oneof(fc.integer({ min: 0xd7fe, max: 0xe001 }), fc.nat(0xffff))
      .map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string({ unit }), (mixed) => {
        const text = Array.from(mixed)
          .filter((char) => !/^[\udc80-\udcff]$/.test(char))
          .join("");
        expect(decoded(encoded(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is UTF-8 where it is well-formed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        if (text.isWellFormed()) expect(encoded(text).toString("utf8")).toBe(text);
      }),
    );
  });

  it("comes back put together where surrogates stand for the bytes of a character", () => {
    expect(decoded(encoded("\udcc3\udca9"))).toBe("é");
  });
});
