import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appendUnescaped,
  encodeSortKey,
  escapedEnd,
  escapeFrom,
  invertFrom,
} from "./ordered-value.js";
import { Scratch } from "./scratch.js";

type SortKey = null | boolean | number | string | Uint8Array | readonly SortKey[];

function encoded(sortKey: unknown): Buffer {
  const into = new Scratch(1);
  encodeSortKey(into, sortKey);
  return Buffer.from(into.bytes.subarray(0, into.length));
}

function inverted(sortKey: SortKey): Buffer {
  const into = new Scratch(1);
  encodeSortKey(into, sortKey);
  invertFrom(into, 0);
  return Buffer.from(into.bytes.subarray(0, into.length));
}

function rankOf(sortKey: SortKey): number {
  if (sortKey === null) return 0;
  if (typeof sortKey === "boolean") return sortKey ? 2 : 1;
  if (typeof sortKey === "number") return 3;
  if (typeof sortKey === "string") return 4;
  return sortKey instanceof Uint8Array ? 5 : 6;
}

/** The order as it is documented, without any bytes. */
function compare(left: SortKey, right: SortKey): number {
  if (typeof left === "number" && typeof right === "number") return compareNumbers(left, right);
  if (typeof left === "string" && typeof right === "string") {
    return compareLists(Array.from(left), Array.from(right), (a, b) => codeOf(a) - codeOf(b));
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    return compareLists([...left], [...right], (a, b) => a - b);
  }
  if (isList(left) && isList(right)) return compareLists(left, right, compare);
  return rankOf(left) - rankOf(right);
}

function isList(sortKey: SortKey): sortKey is readonly SortKey[] {
  return Array.isArray(sortKey);
}

function codeOf(text: string): number {
  return text.codePointAt(0) ?? 0;
}

function compareNumbers(left: number, right: number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) {
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareLists<Item>(
  left: readonly Item[],
  right: readonly Item[],
  compareItems: (left: Item, right: Item) => number,
): number {
  for (const [index, item] of left.entries()) {
    if (index >= right.length) return 1;
    const order = compareItems(item, right[index] as Item);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

const someText = fc.oneof(
  fc.constantFrom("", "\0", "\0\0", "a", "a\0", "a\0b", "aa", "\uffff", "😀", "é"),
  fc.string({ maxLength: 6, unit: "binary" }),
);
const someBytes = fc.uint8Array({ maxLength: 4 }).map((bytes) => bytes.map((byte) => byte % 3));
const someNumber = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 5e-324, 2 ** 53),
  fc.double(),
);
const { sortKey: someSortKey } = fc.letrec<{ sortKey: SortKey }>((tie) => ({
  sortKey: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<SortKey>(null, false, true),
    someNumber,
    someText,
    someBytes,
    fc.array(tie("sortKey"), { maxLength: 3 }),
  ),
}));
/** Two that are often alike for a while. */
const somePair = fc.oneof(
  fc.tuple(someSortKey, someSortKey),
  fc.tuple(fc.array(someSortKey, { maxLength: 3 }), someSortKey, someSortKey).map(
    ([start, left, right]) =>
      [
        [...start, left],
        [...start, right],
      ] as [SortKey, SortKey],
  ),
);

describe("order bytes", () => {
  it("order as the values do, and descending the other way round", () => {
    fc.assert(
      fc.property(somePair, ([left, right]) => {
        const wanted = Math.sign(compare(left, right));
        expect(Buffer.compare(encoded(left), encoded(right))).toBe(wanted);
        expect(Buffer.compare(inverted(left), inverted(right)) + wanted).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  it("never begin with those of another value", () => {
    fc.assert(
      fc.property(somePair, ([left, right]) => {
        const [a, b] = [encoded(left), encoded(right)];
        if (compare(left, right) === 0) expect(a).toEqual(b);
        else expect(b.subarray(0, a.length)).not.toEqual(a);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["an object", {}],
    ["an object", [1, { a: 1 }]],
    ["something of type undefined", undefined],
    ["something of type bigint", 1n],
    ["something of type function", () => 1],
  ])("refuse %s and leave what was there", (name, value) => {
    const into = new Scratch(1);
    encodeSortKey(into, "before");
    const { length } = into;
    expect(() => encodeSortKey(into, value)).toThrow(
      `values cannot be sorted by ${name}; allowed: null, boolean, number, string`,
    );
    expect(into.length).toBe(length);
  });

  it("refuse an array that holds itself", () => {
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => encodeSortKey(new Scratch(), endless)).toThrow(/arrays more than 100 deep/);
  });
});

describe("escaped bytes", () => {
  const someZeros = fc.uint8Array({ maxLength: 12 }).map((bytes) => bytes.map((byte) => byte % 3));

  it("come back as they were, whatever lies before and behind", () => {
    fc.assert(
      fc.property(someZeros, someZeros, someZeros, (before, bytes, behind) => {
        const into = new Scratch(1);
        into.append(before, 0, before.length);
        into.append(bytes, 0, bytes.length);
        escapeFrom(into, before.length);
        const { length } = into;
        into.append(behind, 0, behind.length);
        expect(escapedEnd(into.bytes, before.length, into.length)).toBe(length);
        const back = new Scratch(1);
        appendUnescaped(back, into.bytes, before.length, length);
        expect([...back.bytes.subarray(0, back.length)]).toEqual([...bytes]);
        expect([...into.bytes.subarray(0, before.length)]).toEqual([...before]);
      }),
    );
  });

  it("without an end are refused", () => {
    expect(() => escapedEnd(Uint8Array.of(1, 0, 0xff, 0), 0, 4)).toThrow(/has no end/);
  });
});
