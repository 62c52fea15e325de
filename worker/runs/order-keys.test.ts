import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeKey, keyKindOf } from "#shared/format/key";
import { encodeSortKey } from "#shared/format/ordered-value";
import { Scratch } from "#shared/format/scratch";
import { prefixEnd, readPlainKey, startComposite } from "./order-keys.js";

type Key = string | number | Uint8Array;

function plain(key: Key): Buffer {
  const into = new Scratch(1);
  encodeKey(into, key);
  return Buffer.from(into.bytes.subarray(0, into.length));
}

function composite(key: Key, sortKey: unknown): Buffer {
  const bytes = plain(key);
  const into = new Scratch(1);
  startComposite(into, keyKindOf(key), bytes, 0, bytes.length);
  encodeSortKey(into, sortKey);
  return Buffer.from(into.bytes.subarray(0, into.length));
}

/** Mostly zeros, the byte after one, and what zero is escaped with. */
const someBytes = fc.array(fc.constantFrom(0, 0, 1, 0xfe, 0xff), { maxLength: 6 });
const someText = fc.array(fc.constantFrom("\0", "\0", "\u0001", "a", "ÿ"), { maxLength: 6 });
const kinds: Record<string, fc.Arbitrary<Key>> = {
  strings: someText.map((units) => units.join("")),
  numbers: fc.oneof(fc.constantFrom(0, -0, 1, Number.NaN), fc.double()),
  bytes: someBytes.map((bytes) => Uint8Array.from(bytes)),
};
const someSortKey = fc.oneof(fc.nat(2), kinds["strings"] as fc.Arbitrary<Key>);

describe.each(Object.entries(kinds))("composite keys of %s", (_name, someKey) => {
  it("order by key first, then by what values are sorted by", () => {
    const someRecord = fc.tuple(someKey, someSortKey);
    fc.assert(
      fc.property(someRecord, someRecord, ([key, sortKey], [otherKey, otherSortKey]) => {
        const byKey = Buffer.compare(plain(key), plain(otherKey));
        const bySortKey = Buffer.compare(composite("", sortKey), composite("", otherSortKey));
        const order = Buffer.compare(composite(key, sortKey), composite(otherKey, otherSortKey));
        expect(order).toBe(byKey === 0 ? bySortKey : byKey);
      }),
      { numRuns: 2000 },
    );
  });

  it("hold the key, and say where it ends", () => {
    fc.assert(
      fc.property(someKey, someSortKey, (key, sortKey) => {
        const kind = keyKindOf(key);
        const bytes = composite(key, sortKey);
        const end = prefixEnd(kind, bytes, 0, bytes.length);
        const into = new Scratch(1);
        readPlainKey(into, kind, bytes, 0, end);
        expect(into.bytes.subarray(0, into.length)).toEqual(plain(key));
        const sorted = new Scratch(1);
        encodeSortKey(sorted, sortKey);
        expect(bytes.subarray(end)).toEqual(sorted.bytes.subarray(0, sorted.length));
      }),
    );
  });
});
