import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PartitionFolders } from "#shared/authoring/any-job";
import { Fault } from "#shared/errors/fault";
import { folderPattern, isPartPath } from "#shared/model/folders";
import { limits } from "#shared/model/limits";
import { outputPaths } from "#shared/model/keys";
import { parseLocation } from "#shared/storage/locations";
import { checkKey } from "#shared/storage/object-key";
import { folderName } from "./folder-name.js";

/** What user code may return, whatever its types say. */
const returned = (value: unknown): PartitionFolders => value as PartitionFolders;

function codeOf(value: unknown): string {
  try {
    return folderName(returned(value));
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
}

describe("the folder of a record", () => {
  it.each([
    [{ date: "2015-05-17" }, "date=2015-05-17"],
    [{ year: 2015, month: 5, host: "a.example" }, "year=2015/month=5/host=a.example"],
    [{ zone: "Europe/Berlin" }, "zone=Europe%2FBerlin"],
    [{ text: "a b=c%d" }, "text=a%20b%3Dc%25d"],
    [{ city: "Zürich" }, "city=Z%C3%BCrich"],
    [{ empty: "" }, "empty=__HIVE_DEFAULT_PARTITION__"],
    [{ up: ".." }, "up=.."],
    [{ number: -0 }, "number=0"],
    [{ number: 1e21 }, "number=1e%2B21"],
    [{ number: NaN }, "number=NaN"],
  ])("of %j is %s", (folders, expected) => {
    expect(folderName(folders as unknown as PartitionFolders)).toBe(expected);
  });

  it.each([
    [{}, /0 members/],
    [null, /result is null/],
    ["date=1", /result is string/],
    [["a"], /an array/],
    [{ date: undefined }, /value of date is undefined; allowed: a string or a number/],
    [{ date: new Date(0) }, /value of date is object/],
    [{ "": "x" }, /name is ""/],
    [{ _hidden: "x" }, /name is "_hidden"/],
    [{ "a/b": "x" }, /name is "a\/b"/],
    [{ "..": "x" }, /name is "\.\."/],
    [{ ["a".repeat(64)]: "x" }, /1 to 63 letters/],
    [{ a: "x".repeat(199) }, /value of a is too long; allowed: at most 200 bytes/],
    [{ a: "ü".repeat(40) }, /too long/],
    [Object.fromEntries(Array.from("abcdefghi", (name) => [name, 1])), /9 members/],
  ])("of %j is refused", (value, expected) => {
    expect(() => folderName(returned(value))).toThrow(expected);
  });

  const strange = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom("..", ".", "/", "../..", "a/../../b", "_x", "\0", "\ud800", "%2F", "~", " "),
    fc.double(),
    fc.integer(),
  );
  const names = fc.oneof(
    { weight: 9, arbitrary: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/) },
    { weight: 1, arbitrary: fc.constantFrom("..", "/", "_x", "part-00000", "constructor", "date") },
  );
  const anything = fc.oneof(
    { weight: 5, arbitrary: fc.dictionary(names, strange, { maxKeys: 9 }) },
    { weight: 1, arbitrary: fc.anything() },
  );

  it("never leads elsewhere, whatever user code returns", () => {
    let nameCount = 0;
    fc.assert(
      fc.property(anything, (value) => {
        const found = codeOf(value);
        if (found === "MR_FOLDER_INVALID") return;
        nameCount++;
        const location = `/out/${outputPaths.part(7, found, ".gz")}`;
        // One segment a member, none of which is taken apart, hidden or private.
        const segments = found.split("/");
        expect(segments).toHaveLength(Object.keys(value as object).length);
        for (const segment of segments) {
          expect(segment).toMatch(/^[A-Za-z][\w-]*=[\w.~%-]+$/);
          expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(limits.folderLevelBytesMax);
        }
        expect(path.posix.normalize(location)).toBe(location);
        expect(`/${parseLocation(location).key}`).toBe(location);
        checkKey(location.slice(1));
        expect(found).toMatch(folderPattern);
        expect(found.length).toBeLessThanOrEqual(limits.folderCharsMax);
        expect(isPartPath(location.slice("/out/".length))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(nameCount).toBeGreaterThan(300);
  });

  it("is another one for other text", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        if (a === b) return;
        expect(folderName({ a })).not.toBe(folderName({ a: b }));
      }),
    );
  });

  it("can be read back by undoing the percent signs", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 15 }), (value) => {
        const name = codeOf({ a: value });
        if (name === "MR_FOLDER_INVALID") return;
        expect(decodeURIComponent(name.slice(2))).toBe(value);
      }),
    );
  });
});
