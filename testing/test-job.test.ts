import fs from "node:fs";
import os from "node:os";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { byRange, count, defineJob, identity, sum, text, tsv, types, wholeFile } from "millrace";
import { testJob } from "./testing.js";

const wordCount = defineJob({
  name: "wordcount",
  params: { least: { type: "number", default: 1 } },
  input: text(),
  emits: types<string, number>(),
  map: (line, { emit, params, count: add }) => {
    for (const word of line.match(/\p{L}+/gu) ?? []) {
      if (word.length < params.least) add("short");
      else emit(word.toLowerCase(), 1);
    }
  },
  combine: sum(),
  reduce: sum(),
  output: tsv(),
});

const byKey = (records: readonly { key: unknown; value: unknown }[]): Record<string, unknown> =>
  Object.fromEntries(records.map(({ key, value }) => [String(key), value]));

describe("testJob", () => {
  it("gives records, text, parts and counters", async () => {
    const result = await testJob(wordCount, { input: "a B\nb of\nc a\n", params: { least: 2 } });
    expect(result).toEqual({
      records: [{ key: "of", value: 1 }],
      text: "of\t1\n",
      files: { "part-00000": expect.any(String), "part-00001": expect.any(String) },
      outputs: {},
      counters: { short: 5 },
    });
    expect(Object.values(result.files).join("")).toBe("of\t1\n");
  });

  it("runs two maps and two reduces where the input can be divided", async () => {
    const seen = new Set<string>();
    const job = defineJob({
      name: "seen",
      input: text(),
      setup: ({ stage, taskIndex }) => void seen.add(`${stage} ${taskIndex}`),
      map: (line, { emit }) => emit(line, 1),
      reduce: identity(),
      output: tsv(),
    });
    await testJob(job, { input: "one\ntwo\n" });
    expect([...seen]).toEqual(["map 0", "map 1", "reduce 0", "reduce 1"]);
    seen.clear();
    await testJob(job, { input: "one\ntwo\nthree\nfour\n", splitBytes: 5, reducers: 1 });
    expect([...seen]).toEqual(["map 0", "map 1", "map 2", "map 3", "reduce 0"]);
  });

  it("takes several files, bytes and files with names", async () => {
    const job = defineJob({
      name: "places",
      input: text(),
      map: (line, { emit, source }) => emit(line, source.location.split("/").slice(-2).join("/")),
      output: tsv(),
    });
    const { records, text: whole } = await testJob(job, {
      input: [
        "a",
        Buffer.from([0xff, 0x0a]),
        { name: "x/b.txt.gz", content: gzipSync("b\n") },
        "c\nd",
      ],
    });
    expect(records.map(({ key, value }) => [key, value])).toEqual([
      ["a", "input/00000"],
      ["\udcff", "input/00001"],
      ["c", "input/00003"],
      ["d", "input/00003"],
      ["b", "x/b.txt.gz"],
    ]);
    expect(whole).toContain("\udcff\tinput/00001\n");
    await expect(testJob(job, { input: [{ name: "../up", content: "" }] })).rejects.toThrow(
      'name of a file is "../up"; allowed: a relative path',
    );
  });

  it("takes a job without any record", async () => {
    expect((await testJob(wordCount, { input: "" })).records).toEqual([]);
    expect((await testJob(wordCount, { input: [" ", "\n"] })).text).toBe("");
  });

  it("throws what the job throws, with its stack, and leaves nothing behind", async () => {
    const thrown = new RangeError("odd line");
    const job = defineJob({
      name: "leaves-nothing",
      input: wholeFile(),
      map: () => {
        throw thrown;
      },
      output: tsv(),
    });
    const before = fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith("millrace-test-"));
    await expect(testJob(job, { input: "x" })).rejects.toBe(thrown);
    expect(thrown.stack).toContain("test-job.test.ts");
    const after = fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith("millrace-test-"));
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
  });

  it("refuses what the engine refuses", async () => {
    const mixed = defineJob({
      name: "mixed",
      input: text(),
      map: (line, { emit }) => emit(line === "1" ? 1 : line, 1),
      reduce: count(),
      output: tsv(),
    });
    await expect(testJob(mixed, { input: "1\na\n" })).rejects.toThrow("keys of one job must be");
    await expect(testJob(mixed, { input: [] })).rejects.toThrow("no input files");
    await expect(testJob(mixed)).rejects.toThrow("testJob: input lacks input; needed: input");
    await expect(testJob(mixed, { input: { other: "" } })).rejects.toThrow(
      "testJob: input has other; allowed: input",
    );
    await expect(
      testJob(wordCount, { input: "", params: { least: "x", most: 1 } }),
    ).rejects.toThrow(/testJob: params.most is not a parameter.+; params.least must be a number/);
    const ranged = defineJob({ ...mixed.definition, partition: byRange(["a"]) } as never);
    await expect(testJob(ranged, { input: "b", reducers: 3 })).rejects.toThrow("allowed: 2");
    await expect(testJob({} as never)).rejects.toThrow("testJob takes what defineJob() returned");
  });

  it("runs calls that overlap one after another", async () => {
    const inputs = ["a a\nb\n", "c\nd d d\n", "", "a\n"];
    const results = await Promise.all(inputs.map((input) => testJob(wordCount, { input })));
    expect(results.map(({ records }) => byKey(records))).toEqual([
      { a: 2, b: 1 },
      { c: 1, d: 3 },
      {},
      { a: 1 },
    ]);
  });
});
