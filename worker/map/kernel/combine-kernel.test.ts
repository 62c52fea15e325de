import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readWtf8 } from "#shared/format/wtf8";
import { CombineTable } from "../combine-table.js";
import { CombineKernel, type Operation, type WordRules } from "./combine-kernel.js";

const kernel = new CombineKernel();

/** Totals by key, as the table hands them out. */
function drained(table: CombineTable, operations: readonly Operation[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  table.drain((bytes, keyStart, keyEnd, totals, at) => {
    const key = bytes.latin1Slice(keyStart, keyEnd);
    expect(found.has(key)).toBe(false);
    found.set(key, [...totals.subarray(at, at + operations.length)]);
  });
  return found;
}

function folded(operation: Operation, values: readonly number[]): number {
  if (operation === "count") return values.length;
  return values.reduce((total, value) => {
    if (operation === "add") return total + value;
    return operation === "min" ? Math.min(total, value) : Math.max(total, value);
  });
}

describe("the kernel", () => {
  it("folds keys of every size like arrays of their values", () => {
    const keys = fc.oneof(
      fc.integer({ min: 0, max: 30 }).map((size) => "k".repeat(size)),
      fc.string({ maxLength: 12 }),
      fc.integer({ min: 480, max: 600 }).map((size) => "x".repeat(size)),
      fc.double(),
      fc.uint8Array({ maxLength: 9 }),
    );
    const values = fc.oneof(fc.constant(1), fc.double({ noNaN: true }), fc.integer());
    const records = fc.array(fc.tuple(keys, values), { maxLength: 400 });
    const lists = fc.array(fc.constantFrom<Operation>("add", "count", "min", "max"), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(records, lists, (given, operations) => {
        const table = new CombineTable(operations, kernel);
        const expected = new Map<string, number[]>();
        for (const [key, value] of given) {
          const before = table.recordCount;
          if (typeof key === "string") table.addText(key, value);
          else table.addKey(key, value);
          expect(table.recordCount).toBe(before + 1);
        }
        const encoded = new CombineTable(["count"]);
        for (const [key, value] of given) {
          if (typeof key === "string") encoded.addText(key, 1);
          else encoded.addKey(key, 1);
          const [name] = [...drained(encoded, ["count"]).keys()];
          expected.set(name ?? "", [...(expected.get(name ?? "") ?? []), value]);
        }
        const found = drained(table, operations);
        expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
        for (const [key, list] of expected) {
          expect(found.get(key)).toEqual(operations.map((operation) => folded(operation, list)));
        }
        expect(drained(table, operations).size).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it("keeps NaN and the sign of zero as Math.min and Math.max do", () => {
    const table = new CombineTable(["min", "max"], kernel);
    for (const value of [0, -0, 3]) table.addText("zero", value);
    for (const value of [1, Number.NaN, 2]) table.addText("nan", value);
    const found = drained(table, ["min", "max"]);
    expect(found.get("zero")).toEqual([-0, 3]);
    expect(found.get("nan")).toEqual([Number.NaN, Number.NaN]);
  });

  it("folds as many accumulators as sixteen means need", () => {
    const kinds: readonly Operation[] = ["min", "add", "count", "max"];
    const operations = Array.from({ length: 32 }, (_, at) => kinds[(at + (at >> 4)) % 4] ?? "add");
    const table = new CombineTable(operations, kernel);
    for (const value of [5, 2, 9]) table.addText("k", value);
    const expected = operations.map((operation) => folded(operation, [5, 2, 9]));
    expect(drained(table, operations).get("k")).toEqual(expected);
  });

  it("takes little more memory than it is told, however many short keys wait to be folded", () => {
    const own = new CombineKernel();
    for (const tableBytes of [2 ** 20, 12 * 2 ** 20, 2 ** 27]) {
      const table = new CombineTable(["add"], own, tableBytes);
      let largest = 0;
      for (let key = 0; key < 1_500_000; key++) {
        table.addText(key.toString(36), 1);
        if (table.usedBytes <= tableBytes) continue;
        table.drain(() => undefined);
        largest = Math.max(largest, own.memoryBytes);
      }
      expect(largest).toBeLessThan(2 * tableBytes + 20 * 2 ** 20);
    }
  });

  it("splits marked runs one after another, within its memory", () => {
    const own = new CombineKernel();
    const tableBytes = 12 * 2 ** 20;
    const table = new CombineTable(["add"], own, tableBytes);
    const rules: WordRules = { bySpace: false, lowerCase: true, isPlain: false, marks: true };
    let waiting = 0;
    for (let piece = 0; piece < 5; piece++) {
      const runs = Array.from({ length: 40_000 }, (_, at) => (piece * 40_000 + at).toString(2));
      const text = runs.map((run) => run.replaceAll("1", "Я").replaceAll("0", "ж")).join(" ");
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length;) {
        const end =
          at + 1_000_000 < bytes.length ? bytes.lastIndexOf(32, at + 1_000_000) : bytes.length;
        table.addWords(bytes, at, end, rules, () => undefined);
        at = end;
        if (table.usedBytes <= tableBytes) continue;
        const before = table.usedBytes;
        table.drain(
          () => undefined,
          (run, start, stop) => {
            if (table.usedBytes !== before) waiting++;
            return [readWtf8(run, start, stop).toLowerCase()];
          },
        );
      }
    }
    expect(waiting).toBeGreaterThan(10_000);
    expect(own.memoryBytes).toBeLessThan(2 * tableBytes + 20 * 2 ** 20);
  });

  it("grows to a million keys, and forgets them", () => {
    const table = new CombineTable(["add"], kernel);
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 1_000_000; index++) table.addText(`key ${index}`, 2);
    }
    expect(table.usedBytes).toBeGreaterThan(30_000_000);
    let count = 0;
    table.drain((_bytes, _start, _end, totals, at) => {
      count++;
      if (totals[at] !== 4) throw new Error("folded wrongly");
    });
    expect(count).toBe(1_000_000);
    expect(table.usedBytes).toBe(0);
  });

  it("finds words as regular expressions do", () => {
    const pieces = fc.oneof(
      fc.constantFrom(
        "the",
        "The",
        "AND",
        " ",
        "\n",
        "\t",
        "\r\n",
        "_",
        "-",
        "0",
        "é",
        "ß",
        "[",
        "`",
        "@",
        "{",
        "z",
        "Z",
      ),
      fc.integer({ min: 10, max: 70 }).map((size) => "Long".repeat(size)),
      fc.constant("y".repeat(600)),
    );
    const rules: WordRules[] = [];
    for (const bySpace of [true, false]) {
      for (const lowerCase of [true, false]) {
        rules.push({ bySpace, lowerCase, isPlain: bySpace && !lowerCase, marks: false });
      }
    }
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), fc.constantFrom(...rules), (list, rule) => {
        const bytes = Buffer.from(list.join(""));
        const text = bytes.toString("latin1");
        const table = new CombineTable(["add"], kernel);
        const left: string[] = [];
        const lineFeeds = table.addWords(bytes, 0, bytes.length, rule, (start, end) => {
          left.push(text.slice(start, end));
        });
        expect(lineFeeds).toBe(text.split("\n").length - 1);
        const runs = text.match(rule.bySpace ? /[^\t-\r ]+/g : /[a-zA-Z\x80-\xff]+/g) ?? [];
        const isLeft = (run: string): boolean =>
          run.length > 510 || (!rule.isPlain && /[\x80-\xff]/.test(run));
        expect(left).toEqual(runs.filter(isLeft));
        const expected = new Map<string, number>();
        for (const run of runs.filter((one) => !isLeft(one))) {
          const word = rule.lowerCase ? run.toLowerCase() : run;
          expected.set(word, (expected.get(word) ?? 0) + 1);
        }
        const found = drained(table, ["add"]);
        expect(new Map([...found].map(([key, [total]]) => [key, total]))).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });
});
