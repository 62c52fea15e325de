import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  all,
  collect,
  count,
  first,
  histogram,
  max,
  mean,
  min,
  sum,
  topK,
  type Aggregate,
} from "#shared/authoring/aggregates";
import { encodeSortKey } from "#shared/format/ordered-value";
import { Scratch } from "#shared/format/scratch";
import {
  decodeValue,
  encodePartialCount,
  encodeValue,
  isEmittedTag,
  valueTags,
} from "#shared/format/value";
import { makeAccumulator } from "./make-accumulator.js";

function encoded(value: unknown): Buffer {
  const into = new Scratch();
  encodeValue(into, value);
  return Buffer.from(into.bytes.subarray(0, into.length));
}

/** What an aggregate makes of encoded values, in their midst of a larger buffer as in a run. */
function fold({ spec }: Aggregate<never>, values: readonly Buffer[], isFinal: boolean): Buffer {
  const accumulator = makeAccumulator(spec);
  // What an earlier group left behind must not show.
  accumulator.add(encoded(7), 0, encoded(7).length);
  accumulator.reset();
  for (const value of values) {
    accumulator.add(Buffer.concat([Buffer.of(9), value, Buffer.of(9)]), 1, 1 + value.length);
  }
  const into = new Scratch(1);
  accumulator.encode(into, isFinal);
  return Buffer.from(into.bytes.subarray(0, into.length));
}

const resultOf = (aggregate: Aggregate<never>, values: readonly unknown[]): unknown => {
  const bytes = fold(aggregate, values.map(encoded), true);
  return decodeValue(bytes, 0, bytes.length);
};

/** Where to cut a list, at several levels: a tree whose leaves are stretches of it. */
type Tree = readonly Tree[] | number;
const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    fc.integer({ min: 1, max: 9 }),
    fc.array(tie("tree"), { minLength: 1, maxLength: 4 }),
  ),
})).tree;

/** Folds the values by stretches, stretches of stretches …, as splits, spills and merges would. */
function foldByTree(aggregate: Aggregate<never>, values: Buffer[], shape: Tree): Buffer[] {
  if (typeof shape === "number") {
    const taken = values.splice(0, shape);
    return taken.length === 0 ? [] : [fold(aggregate, taken, false)];
  }
  const parts = shape.flatMap((each) => foldByTree(aggregate, values, each));
  return parts.length === 0 ? [] : [fold(aggregate, parts, false)];
}

const numbers = fc.oneof(
  fc.integer({ min: -50, max: 50 }),
  fc.constantFrom(0.5, -0.25, 2 ** 40, -0),
);
const anything = fc.oneof(
  numbers,
  fc.constantFrom(null, true, false, "", "é", '"\\', "\ud800", "plain", NaN, Infinity),
  fc.uint8Array({ maxLength: 3 }),
  fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 3 }),
);

const ofNumbers: readonly Aggregate<never>[] = [
  sum(),
  min(),
  max(),
  mean(),
  all(count(), sum(), mean(), min(), max()),
  histogram([-10, 0, 0.5, 20]),
];
const ofAnything: readonly Aggregate<never>[] = [
  count(),
  first(),
  collect(5),
  collect(),
  topK(1),
  topK(4),
  topK(1000),
];

describe("aggregates", () => {
  it("say what they say", () => {
    expect(resultOf(all(count(), sum(), mean()), [1, 2, 6])).toEqual([3, 9, 3]);
    expect(resultOf(all(min(), max()), [1, 2, 6])).toEqual([1, 6]);
    expect(resultOf(first(), ["b", "a"])).toBe("b");
    expect(resultOf(first(), [new Uint8Array([1, 2])])).toEqual(new Uint8Array([1, 2]));
    expect(resultOf(collect(2), ["b", { a: 1 }, "c"])).toEqual(["b", { a: 1 }]);
    expect(resultOf(collect(), [new Uint8Array([1, 2])])).toEqual([{ base64: "AQI=" }]);
    expect(resultOf(topK(3), [5, "a", 9, null, [1], "b"])).toEqual([[1], "b", "a"]);
    expect(resultOf(histogram([10, 100]), [9.9, 10, 99, 100, 1e9])).toEqual([1, 2, 2]);
    expect(resultOf(histogram([0]), [-Infinity, Infinity, -0])).toEqual([1, 2]);
  });

  it.each([
    ...ofNumbers.map((one) => [one, numbers] as const),
    ...ofAnything.map((one) => [one, anything] as const),
  ])("give the same however splits, spills and merges fall: %j", (aggregate, value) => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 40 }),
        fc.array(tree),
        (values, shapes) => {
          const whole = fold(aggregate, values.map(encoded), true);
          const rest = values.map(encoded);
          const partial = shapes.flatMap((shape) => foldByTree(aggregate, rest, shape));
          // What nobody combined is added as it was emitted.
          expect(fold(aggregate, [...partial, ...rest], true)).toEqual(whole);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("write arrays to the byte as a function that emits one", () => {
    const inJson = anything.filter((value) => !(value instanceof Uint8Array));
    fc.assert(
      fc.property(fc.array(inJson, { minLength: 1, maxLength: 20 }), (values) => {
        expect(fold(collect(), values.map(encoded), true)).toEqual(encoded(values));
      }),
    );
  });

  it("topK goes by the order of sortValues, of equal values the earlier first", () => {
    const ordered = (value: unknown): Buffer => {
      const into = new Scratch();
      encodeSortKey(into, value);
      return Buffer.from(into.bytes.subarray(0, into.length));
    };
    fc.assert(
      fc.property(
        fc.array(anything, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        (values, limit) => {
          const sorted = values
            .map((value, index) => ({ value, index, order: ordered(value) }))
            .sort((a, b) => Buffer.compare(b.order, a.order) || a.index - b.index)
            .slice(0, limit);
          const expected = collect(limit);
          expect(fold(topK(limit), values.map(encoded), true)).toEqual(
            fold(
              expected,
              sorted.map(({ value }) => encoded(value)),
              true,
            ),
          );
        },
      ),
    );
  });

  it("refuse what they cannot take", () => {
    expect(() => resultOf(all(sum()), ["1"])).toThrow(
      "all() takes numbers, but the value emitted is a string",
    );
    expect(() => resultOf(histogram([1]), [null])).toThrow("histogram() takes numbers");
    expect(() => resultOf(histogram([1]), [NaN])).toThrow("the value emitted is NaN");
    expect(() => resultOf(topK(1), [{ a: 1 }])).toThrow("topK(1) takes values that have an order");
  });

  it("fail clearly when a group's list is larger than a value may be", () => {
    const large = encoded("x".repeat(30 * 1024 * 1024));
    for (const aggregate of [collect(3), topK(3)]) {
      expect(() => fold(aggregate, [large, large, large], false)).toThrow(
        /3\) holds too many bytes of one key; lower its limit sizeBytes=9437\d+ allowedBytes=67108864/,
      );
      expect(fold(aggregate, [large, large], false).length).toBeGreaterThan(2 * large.length);
    }
    // In JSON it is six times as long.
    const controls = encoded("\u0001".repeat(12 * 1024 * 1024));
    expect(() => fold(collect(3), [controls], true)).toThrow(/collect\(3\) holds too many bytes/);
  });

  it("read what count() as combiner left as the number that it stands for", () => {
    const into = new Scratch();
    encodePartialCount(into, 300);
    const partial = Buffer.from(into.bytes.subarray(0, into.length));
    const of = (aggregate: Aggregate<never>): Buffer =>
      fold(aggregate, [partial, encoded(7)], true);
    expect(of(first())).toEqual(encoded(300));
    expect(of(collect())).toEqual(encoded([300, 7]));
    expect(of(topK(1))).toEqual(encoded([300]));
    expect(of(histogram([100]))).toEqual(encoded([1, 1]));
    expect(of(all(max(), count()))).toEqual(encoded([300, 2]));
  });
});

describe("partial results", () => {
  it("are never taken for values, nor values for them", () => {
    for (const aggregate of [all(sum()), collect(), topK(2), histogram([1])]) {
      const bytes = fold(aggregate, [encoded(1)], false);
      expect(isEmittedTag(bytes[0])).toBe(false);
      expect(() => decodeValue(bytes, 0, bytes.length)).toThrow("unknown value tag");
      // Bytes that look like a partial result are bytes.
      expect(resultOf(first(), [new Uint8Array(bytes)])).toEqual(new Uint8Array(bytes));
    }
    fc.assert(
      fc.property(fc.oneof(anything, fc.jsonValue()), (value) => {
        expect(isEmittedTag(encoded(value)[0])).toBe(true);
      }),
    );
    expect(isEmittedTag(valueTags.partialCount)).toBe(false);
    expect(isEmittedTag(undefined)).toBe(false);
  });
});
