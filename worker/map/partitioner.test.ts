import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeKey, keyKindNames, keyKindOf, keyKinds } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { makePartitioner } from "./partitioner.js";

type Key = string | number | Uint8Array;

function encoded(key: Key): Buffer {
  const into = new Scratch();
  encodeKey(into, key);
  return Buffer.from(into.bytes.subarray(0, into.length));
}

const byBytes = (a: Buffer, b: Buffer): number => Buffer.compare(a, b);
const someKeys: readonly fc.Arbitrary<Key>[] = [
  fc.oneof(
    fc.constantFrom<Key>("", "\0", "a", "a\0", "aaaaaa", "aaaaaaa", "aaaaaa\0", "aaaaaab"),
    fc.string({ maxLength: 8 }),
  ),
  fc.oneof(fc.constantFrom<Key>(0, -1, Number.NaN), fc.double()),
  fc.uint8Array({ maxLength: 8 }),
];
const someCase = fc.oneof(
  ...someKeys.map((key) => fc.tuple(fc.array(key, { maxLength: 20 }), fc.array(key))),
);

describe("planned ranges of keys", () => {
  it("take each key to the range whose boundaries are around it", () => {
    fc.assert(
      fc.property(someCase, ([boundaries, keys]) => {
        const sorted = boundaries.map(encoded).toSorted(byBytes);
        const kind = keyKindOf(boundaries[0] ?? keys[0] ?? "");
        const plan = {
          keyKind: keyKindNames[kind],
          keys: sorted.map((key) => key.toString("base64")),
        };
        const partitioner = makePartitioner(undefined, {}, sorted.length + 1, plan);
        for (const key of keys) {
          const bytes = encoded(key);
          const expected = sorted.filter((one) => byBytes(one, bytes) <= 0).length;
          const framed = Buffer.concat([Buffer.from("<"), bytes, Buffer.from(">")]);
          expect(partitioner.of(kind, framed, 1, framed.length - 1)).toBe(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are one, for any key, where the sample had none", () => {
    const partitioner = makePartitioner(undefined, {}, 1, { keyKind: "none", keys: [] });
    expect(partitioner.of(keyKinds.string, Buffer.from("a"), 0, 1)).toBe(0);
    expect(partitioner.of(keyKinds.bytes, Buffer.from("a"), 0, 1)).toBe(0);
  });

  it("are refused for keys of another kind, and when they do not fit", () => {
    const keys = ["b", "a"].map((key) => Buffer.from(key).toString("base64"));
    const make = (partitionCount: number, some: string[]): ReturnType<typeof makePartitioner> =>
      makePartitioner(undefined, {}, partitionCount, { keyKind: "string", keys: some });
    expect(() => make(2, keys.slice(1)).of(keyKinds.bytes, Buffer.from("a"), 0, 1)).toThrow(
      /both string and bytes keys/,
    );
    expect(() => make(2, keys)).toThrow(/do not fit the partitions boundaries=2/);
    expect(() => make(3, keys)).toThrow(/do not ascend/);
  });
});
