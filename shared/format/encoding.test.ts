import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeKey, encodeKey, keyKindOf, keyKinds } from "./key.js";
import { Scratch } from "./scratch.js";
import {
  decodeNumber,
  decodeValue,
  encodePartialCount,
  encodePartialMean,
  encodeValue,
} from "./value.js";
import { VarintReader, varintSize, writeVarint } from "./varint.js";

/** Without lone surrogates that stand for bytes: next to each other those may be UTF-8. */
const anyText = fc
  .string({ unit: fc.integer({ min: 0, max: 0xffff }).map((u) => String.fromCharCode(u)) })
  .map((text) => Array.from(text, (char) => (/^[\udc80-\udcff]$/.test(char) ? "" : char)).join(""));

function encodedKey(key: string | number | Uint8Array): Buffer {
  const scratch = new Scratch(4);
  encodeKey(scratch, key);
  return Buffer.from(scratch.bytes.subarray(0, scratch.length));
}

function roundTrip(value: unknown): unknown {
  const scratch = new Scratch(4);
  encodeValue(scratch, "before it");
  const start = scratch.length;
  encodeValue(scratch, value);
  return decodeValue(scratch.bytes, start, scratch.length);
}

describe("varints", () => {
  it("hold every safe integer in as many bytes as announced", () => {
    const reader = new VarintReader();
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(7), (value, at) => {
        const bytes = new Uint8Array(32);
        const end = writeVarint(bytes, at, value);
        expect(end - at).toBe(varintSize(value));
        expect(reader.read(bytes, at)).toBe(value);
        expect(reader.at).toBe(end);
      }),
    );
  });
});

describe("keys", () => {
  it("keep every string, lone surrogates and NUL included", () => {
    fc.assert(
      fc.property(anyText, (key) => {
        const bytes = encodedKey(key);
        expect(decodeKey(keyKinds.string, bytes, 0, bytes.length)).toBe(key);
      }),
    );
  });

  it("order strings by code point", () => {
    fc.assert(
      fc.property(anyText, anyText, (left, right) => {
        const order = Buffer.compare(encodedKey(left), encodedKey(right));
        expect(Math.sign(order)).toBe(compareCodePoints(left, right));
      }),
    );
  });

  it("order numbers ascending, -0 with 0 and NaN last", () => {
    const number = fc.double();
    fc.assert(
      fc.property(number, number, (left, right) => {
        const order = Math.sign(Buffer.compare(encodedKey(left), encodedKey(right)));
        expect(order).toBe(compareNumbers(left, right));
        const bytes = encodedKey(left);
        const back = decodeKey(keyKinds.number, bytes, 0, 8);
        expect(back).toBe(left === 0 ? 0 : left);
      }),
    );
  });

  it("keep bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (key) => {
        const bytes = encodedKey(key);
        expect(decodeKey(keyKinds.bytes, bytes, 0, bytes.length)).toEqual(key);
      }),
    );
  });

  it("refuse what is no key, naming it", () => {
    for (const key of [null, undefined, true, {}, [], 1n, Symbol("s")]) {
      expect(() => keyKindOf(key)).toThrow(/emitted key is .*allowed: string, number, Uint8Array/);
    }
  });
});

describe("values", () => {
  it("keep every JSON value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // A number is kept as it is, -0 too; within arrays and objects it is written as JSON.
        const kept = typeof value === "number" ? value : JSON.parse(JSON.stringify(value));
        expect(roundTrip(value)).toEqual(kept);
      }),
    );
  });

  it("keep every number to the bit", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(roundTrip(value)).toBe(value);
      }),
    );
    for (const value of [0, -0, 2 ** 52, -(2 ** 52), 2 ** 53, 1e300, -1, 63, 64, -64, -65]) {
      expect(roundTrip(value)).toBe(value);
    }
  });

  it("keep strings with lone surrogates, and bytes", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        expect(roundTrip(value)).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        expect(roundTrip(value)).toEqual(value);
      }),
    );
  });

  it("take undefined for null and refuse what JSON cannot hold", () => {
    expect(roundTrip(undefined)).toBeNull();
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    for (const value of [() => 1, Symbol("s"), 1n, loop]) {
      expect(() => roundTrip(value)).toThrow(/MR_|emitted value/);
    }
  });

  it("read partial results as the number they stand for", () => {
    const scratch = new Scratch();
    encodePartialCount(scratch, 300);
    expect(decodeNumber(scratch.bytes, 0)).toBe(300);
    scratch.length = 0;
    encodePartialMean(scratch, 7, 2);
    expect(decodeNumber(scratch.bytes, 0)).toBe(3.5);
  });
});

function compareCodePoints(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = (a[at]?.codePointAt(0) ?? 0) - (b[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return Math.sign(a.length - b.length);
}

function compareNumbers(left: number, right: number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) {
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  }
  return left < right ? -1 : left > right ? 1 : 0;
}
