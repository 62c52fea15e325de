import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import type { NumberAggregateName } from "#shared/authoring/aggregates";
import type { WordsOptions } from "#shared/authoring/mappers";
import { readWtf8 } from "#shared/format/wtf8";
import { FileBlocks } from "#worker/runs/block-source";
import { GroupReader } from "#worker/runs/groups";
import { Merger } from "#worker/runs/merge";
import { RunCursor } from "#worker/runs/run-cursor";
import { readRunIndex } from "#worker/runs/run-file";
import { CombineEmitter } from "../emitter.js";
import { CombineKernel } from "../kernel/combine-kernel.js";
import { makePartitioner } from "../partitioner.js";
import { SortArena } from "../sort-arena.js";
import { Spills } from "../spills.js";
import { writeAggregates } from "../stream-writers.js";
import { WordMapper } from "./words.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-words-"));
afterAll(() => rmSync(folder, { recursive: true }));
const kernel = new CombineKernel();

/** Each word's result, through the combine table, spills and the run of one map attempt. */
function counted(
  blocks: readonly Buffer[],
  options: WordsOptions,
  name: NumberAggregateName,
  tableBytes: number,
): { readonly found: Map<unknown, unknown>; readonly records: number; readonly lines: number } {
  const spills = new Spills(folder, 1, "none", writeAggregates({ name }));
  const memory = { arena: new SortArena(100_000), tableBytes, kernel: () => kernel };
  const emitter = new CombineEmitter({ name }, spills, makePartitioner(undefined, {}, 1), memory);
  const mapper = new WordMapper(options, emitter);
  let lines = 0;
  for (const block of blocks) lines += mapper.map(block, 0, block.length);
  emitter.finish();
  const path = join(folder, "run");
  const [segment] = readRunIndex(path);
  const found = new Map<unknown, unknown>();
  if (segment !== undefined && segment.storedBytes > 0) {
    const merger = new Merger([new RunCursor(new FileBlocks(path, segment), 0, path)]);
    const groups = new GroupReader(merger);
    while (groups.nextGroup()) {
      const [value] = [...groups.values()];
      found.set(groups.decodeKey(merger.keyKind), value);
    }
    merger.close();
  }
  return { found, records: emitter.recordCount, lines };
}

const piece = fc.oneof(
  fc.constantFrom(
    "the",
    "The",
    "Слово",
    "СЛОВО",
    "é",
    "É",
    "日本",
    "ΣΊΣΥΦΟΣ",
    "don't",
    "x—y",
    "a1b",
  ),
  fc.constantFrom("й".repeat(300), "q".repeat(600), "w".repeat(20)),
  fc.constantFrom(" ", " ", "\n", "\t", "."),
);
const block = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(piece, { maxLength: 40 }).map((all) => Buffer.from(all.join(""))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
);

it("words() through the table counts what a regular expression counts", () => {
  const options = fc.record({
    by: fc.constantFrom<"letters" | "space">("letters", "space"),
    lowerCase: fc.boolean(),
  });
  const names = fc.constantFrom<NumberAggregateName>("sum", "count", "mean", "max");
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 5 }),
      options,
      names,
      fc.constantFrom(0, 5_000, 100_000_000),
      (blocks, rules, name, tableBytes) => {
        const { found, records, lines } = counted(blocks, rules, name, tableBytes);
        const expected = new Map<unknown, number>();
        let total = 0;
        for (const one of blocks) {
          const text = readWtf8(one, 0, one.length);
          const runs = text.match(rules.by === "space" ? /[^\t-\r ]+/g : /\p{L}+/gu) ?? [];
          for (const run of runs) {
            const word = rules.lowerCase ? run.toLowerCase() : run;
            total++;
            const isCounted = name === "sum" || name === "count";
            expected.set(word, isCounted ? (expected.get(word) ?? 0) + 1 : 1);
          }
        }
        expect(new Map([...found].sort())).toEqual(new Map([...expected].sort()));
        expect(records).toBe(total);
        const ends = blocks.filter((one) => one.length > 0 && one.at(-1) !== 10).length;
        const feeds = Buffer.concat(blocks).toString("latin1").split("\n").length - 1;
        expect(lines).toBe(feeds + ends);
      },
    ),
    { numRuns: 250 },
  );
});

it("words() takes blocks larger than the kernel's input, and words that are", () => {
  const some = Buffer.from("Some words, here.\n".repeat(200_000));
  const giant = Buffer.from(`${"g".repeat(3_000_000)} a\n`);
  const { found, lines } = counted([some, giant], {}, "sum", 100_000_000);
  expect(lines).toBe(200_001);
  expect(found.get("some")).toBe(200_000);
  expect(found.get("here")).toBe(200_000);
  expect(found.get("a")).toBe(1);
  expect(found.get("g".repeat(3_000_000))).toBe(1);
});
