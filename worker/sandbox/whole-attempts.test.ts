import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReaderSpec } from "#shared/model/formats";
import { bundle, LocalJob, newPool } from "./fixtures/local-job.js";
import type { ThreadPool } from "./thread-pool.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-whole-"));
let pool: ThreadPool;
let jobCount = 0;

beforeAll(() => {
  pool = newPool();
});

afterAll(async () => {
  await pool.close();
  fs.rmSync(folder, { recursive: true });
});

interface ReaderCase {
  readonly reader: ReaderSpec;
  /** Source of a job that emits text keys and values. */
  readonly source: string;
  readonly contents: readonly string[];
  /** Keys and values in order. */
  readonly records: readonly (readonly [key: string, value: string])[];
}

const job = (input: string, map: string): string => `
  import { defineJob, text, jsonl, wholeFile, fixedLength, identity, tsv } from "millrace";
  export default defineJob({
    name: "j", input: ${input}, map: ${map}, reduce: identity(), output: tsv(),
  });`;

const cases: Record<string, ReaderCase> = {
  text: {
    reader: { kind: "text" },
    source: job("text()", "(line, { emit }) => emit(line.slice(0, 1), line.slice(1))"),
    contents: ["b1\na1\r\nb2", "", "a2\n\n"],
    records: [
      ["", ""],
      ["a", "1"],
      ["a", "2"],
      ["b", "1"],
      ["b", "2"],
    ],
  },
  jsonl: {
    reader: { kind: "jsonl" },
    source: job("jsonl()", "async ({ k, v }, { emit }) => { await null; emit(k, v); }"),
    contents: ['{"k":"b","v":"1"}\n\n{"k":"a","v":"2"}', '{"k":"a","v":"3"}\n', "\n"],
    records: [
      ["a", "2"],
      ["a", "3"],
      ["b", "1"],
    ],
  },
  file: {
    reader: { kind: "file", as: "text" },
    source: job('wholeFile({ as: "text" })', "(all, { emit }) => emit(String(all.length), all)"),
    contents: ["two", "", "three"],
    records: [
      ["0", ""],
      ["3", "two"],
      ["5", "three"],
    ],
  },
  fixed: {
    reader: { kind: "fixed", recordBytes: 3, keyBytes: 1 },
    source: job("fixedLength({ recordBytes: 3, keyBytes: 1 })", "identity()"),
    contents: ["b11a22", "a33", "c44b55"],
    records: [
      ["a", "22"],
      ["a", "33"],
      ["b", "11"],
      ["b", "55"],
      ["c", "44"],
    ],
  },
};

/** The same records in each output format; bytes are base64 in JSON. */
const formats: Record<
  "tsv" | "raw" | "jsonl",
  (key: string, value: string, isText: boolean) => string
> = {
  tsv: (key, value) => `${key}\t${value}\n`,
  raw: (key, value) => key + value,
  jsonl(key, value, isText) {
    const shown = (text: string): unknown =>
      isText ? text : { base64: Buffer.from(text).toString("base64") };
    return `${JSON.stringify({ key: shown(key), value: shown(value) })}\n`;
  },
};

const combinations = Object.keys(cases).flatMap((reader) =>
  (["tsv", "jsonl", "raw"] as const).map((writer) => [reader, writer] as const),
);

function runsBelow(scratchFolder: string): string[] {
  return fs
    .readdirSync(scratchFolder, { recursive: true, encoding: "utf8" })
    .filter((name) => path.basename(name) === "run")
    .map((name) => path.join(scratchFolder, name));
}

describe("attempts through a real thread", () => {
  it.each(combinations)("read %s and write %s", async (name, kind) => {
    const { reader, source, contents, records } = cases[name] as ReaderCase;
    const bundlePath = path.join(folder, `${name}.mjs`);
    if (!fs.existsSync(bundlePath)) await bundle(source, bundlePath);
    const local = new LocalJob(pool, {
      folder: path.join(folder, `job-${jobCount++}`),
      bundlePath,
      reader,
      writer: { kind },
      mapTaskCount: contents.length,
    });
    const expected = records.map(([key, value]) => formats[kind](key, value, name !== "fixed"));
    expect(await local.output(contents)).toEqual([expected.join("")]);
  });

  it("gather more runs of this worker than the shuffle has memory for", async () => {
    const bundlePath = await bundle(
      job("text()", '(line, { emit }) => emit("k", `${line} ${"x".repeat(900_000)}`)'),
      path.join(folder, "large.mjs"),
    );
    const local = new LocalJob(pool, {
      folder: path.join(folder, `job-${jobCount++}`),
      bundlePath,
      mapTaskCount: 40,
    });
    const [part = ""] = await local.output(Array.from({ length: 40 }, (_, task) => String(task)));
    const order = part.split("\n").map((line) => Number(line.split(/[\t ]/)[1]));
    expect(order.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, task) => task));
  });

  it.each([
    ["a function", "(key, values, { emit }) => { for (const value of values) emit(key, value); }"],
    ["identity()", "identity()"],
  ])("stream the values of one huge group to %s", async (name, reduce) => {
    const valueCount = 2_000_000;
    const source = `
      import { defineJob, identity, text, tsv } from "millrace";
      export default defineJob({
        name: "j", input: text(), output: tsv(), reduce: ${reduce},
        map(line, { emit }) { for (let n = 0; n < ${valueCount / 2}; n++) emit("k", n); },
      });`;
    const slotMemoryBytes = 64 * 1024 * 1024;
    const small = newPool(slotMemoryBytes);
    try {
      const local = new LocalJob(small, {
        folder: path.join(folder, `job-${jobCount++}`),
        bundlePath: await bundle(source, path.join(folder, `group-${name.length}.mjs`)),
        mapTaskCount: 2,
        slotMemoryBytes,
      });
      const [part = ""] = await local.output(["one", "two"]);
      const lines = part.split("\n");
      expect(lines).toHaveLength(valueCount + 1);
      // Map task by map task, each in the order of emission.
      const isInOrder = lines.every((line, at) => {
        return at === valueCount || line === `k\t${at % (valueCount / 2)}`;
      });
      expect(isInOrder).toBe(true);
    } finally {
      await small.close();
    }
  });

  it.each([
    ["sum", ["a\t4\nb\t2\n"]],
    ["count", ["a\t2\nb\t1\n"]],
    ["mean", ["a\t2\nb\t2\n"]],
    ["min", ["a\t1\nb\t2\n"]],
    ["max", ["a\t3\nb\t2\n"]],
  ])("aggregate by %s(), with and without combining", async (aggregate, expected) => {
    for (const combine of ["", `combine: ${aggregate}(),`]) {
      const source = `
        import { defineJob, ${aggregate}, text, tsv } from "millrace";
        export default defineJob({
          name: "j", input: text(), output: tsv(), reduce: ${aggregate}(), ${combine}
          map(line, { emit }) { emit(line.slice(0, 1), Number(line.slice(1))); },
        });`;
      const file = path.join(folder, `${aggregate}-${combine.length}.mjs`);
      const local = new LocalJob(pool, {
        folder: path.join(folder, `job-${jobCount++}`),
        bundlePath: await bundle(source, file),
        mapTaskCount: 2,
      });
      expect(await local.output(["a1\nb2", "a3"])).toEqual(expected);
    }
  });

  it("name a run of this worker that has gone bad, so that its map runs again", async () => {
    const bundlePath = await bundle(
      job("text()", '(line, { emit }) => emit("k", line)'),
      path.join(folder, "bad.mjs"),
    );
    const local = new LocalJob(pool, {
      folder: path.join(folder, `job-${jobCount++}`),
      bundlePath,
      slotMemoryBytes: 64 * 1024 * 1024,
    });
    // Too large to be read, and so verified, before the merge.
    expect((await local.map(0, "x".repeat(2_000_000))).type).toBe("done");
    const [run = ""] = runsBelow(path.join(local.options.folder, "scratch"));
    const bytes = fs.readFileSync(run);
    bytes[1_000_000] = 0;
    fs.writeFileSync(run, bytes);
    const outcome = await local.reduce(0);
    expect(outcome).toMatchObject({
      type: "failed",
      failure: { code: "MR_RUN_CORRUPT", blame: "infrastructure" },
    });
    expect(local.unreachable).toMatchObject([{ holderId: "w1", mapTaskIndex: 0, mapAttempt: 1 }]);
  });
});
