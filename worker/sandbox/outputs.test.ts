import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WriterSpec } from "#shared/model/formats";
import type { Part } from "#shared/model/result";
import { bundle, LocalJob, newPool, type LocalJobOptions } from "./fixtures/local-job.js";
import type { Outcome } from "./host.js";
import type { ThreadPool } from "./thread-pool.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-outputs-"));
let pool: ThreadPool;
let jobCount = 0;

beforeAll(() => {
  pool = newPool();
});

afterAll(async () => {
  await pool.close();
  fs.rmSync(folder, { recursive: true });
});

/** A job from the fields of its definition. */
async function jobOf(fields: string, options: Partial<LocalJobOptions> = {}): Promise<LocalJob> {
  const source = `
    import { csv, count, defineJob, identity, jsonLines, raw, sum, text, tsv } from "millrace";
    export default defineJob({ name: "j", input: text(), output: tsv(), ${fields} });`;
  const home = path.join(folder, `job-${jobCount++}`);
  const bundlePath = await bundle(source, path.join(folder, `job-${jobCount}.mjs`));
  return new LocalJob(pool, { folder: home, bundlePath, ...options });
}

function partsOf(outcome: Outcome): Part[] {
  if (outcome.type !== "done") throw new Error(JSON.stringify(outcome));
  return outcome.result.parts;
}

/** Content by folder; the main output's is under "". */
function contents(outcome: Outcome): Record<string, string> {
  const found = partsOf(outcome).map((part) => {
    const bytes = fs.readFileSync(part.location);
    return [part.folder ?? "", (part.extension === ".gz" ? gunzipSync(bytes) : bytes).toString()];
  });
  return Object.fromEntries(found) as Record<string, string>;
}

const outputs: Record<string, WriterSpec> = {
  errors: { kind: "jsonl" },
  raw: { kind: "raw" },
};
const declared = "outputs: { errors: jsonLines(), raw: raw() },";
const lines = "b 1\na 2\nbad\nb 3\n";
const mapWords = `map(line, { emit }) { const [k, v] = line.split(" "); emit(k, Number(v ?? 0)); },`;

describe("named outputs", () => {
  it("take what a map-only job emits to them, cleanup too", async () => {
    const job = await jobOf(
      `${declared}
      map(line, { emit, emitTo }) {
        const [k, v] = line.split(" ");
        if (v === undefined) emitTo("errors", k, { line });
        else emit(k, Number(v));
      },
      cleanup({ emitTo }) { emitTo("errors", "end", null); },`,
      { hasReducer: false, outputs },
    );
    const outcome = await job.map(0, lines);
    expect(contents(outcome)).toEqual({
      "": "b\t1\na\t2\nb\t3\n",
      errors: '{"key":"bad","value":{"line":"bad"}}\n{"key":"end","value":null}\n',
    });
    expect(outcome).toMatchObject({
      result: { counters: { "output.records": 5, "output.bytes": 76, "map.records.out": 5 } },
    });
    expect(partsOf(outcome)[0]?.folder).toBeUndefined();
  });

  it("take what a reducer emits to them; the main part is there without a record", async () => {
    const job = await jobOf(
      `${declared} ${mapWords}
      async reduce(key, values, { emitTo }) { emitTo("raw", key, [...values].join()); },`,
      { outputs },
    );
    await job.map(0, lines);
    expect(contents(await job.reduce(0))).toEqual({ "": "", raw: "a2b1,3bad0" });
  });

  it("are compressed where their writer says so, and say it in their names", async () => {
    const job = await jobOf(
      `outputs: { raw: raw({ compress: "gzip" }) },
      map(line, { emitTo }) { emitTo("raw", line, "!"); },`,
      { hasReducer: false, outputs: { raw: { kind: "raw", compress: "gzip" } } },
    );
    const outcome = await job.map(0, "a\nb");
    expect(partsOf(outcome).map(({ extension }) => extension)).toEqual([undefined, ".gz"]);
    expect(contents(outcome)).toEqual({ "": "", raw: "a!b!" });
  });

  it("refuse a name that is not declared, for good", async () => {
    const job = await jobOf(
      `${declared} ${mapWords} reduce(key, values, { emitTo }) { emitTo("eror", key, 1); },`,
      { outputs },
    );
    await job.map(0, lines);
    expect(await job.reduce(0)).toMatchObject({
      type: "failed",
      failure: {
        code: "MR_OUTPUT_UNKNOWN",
        permanent: true,
        message: 'reduce failed: emitTo was called with "eror"; allowed: "errors", "raw"',
      },
    });
  });

  it("are refused in a map whose job has a reducer, and in a job without any", async () => {
    const emitting = `map(line, { emitTo }) { emitTo("errors", line, 1); },`;
    const reducing = await jobOf(`${declared} ${emitting} reduce: sum(),`, { outputs });
    expect(await reducing.map(0, lines)).toMatchObject({
      failure: {
        code: "MR_OUTPUT_UNKNOWN",
        message: expect.stringMatching(/what map emits goes to the reducers/),
      },
    });
    const none = await jobOf(emitting, { hasReducer: false });
    expect(await none.map(0, lines)).toMatchObject({
      failure: {
        code: "MR_OUTPUT_UNKNOWN",
        message: expect.stringMatching(/the job declares no outputs/),
      },
    });
  });

  it("refuse calls after the attempt has ended", async () => {
    const job = await jobOf(
      `${declared} map(line, { emitTo }) {
        globalThis.kept?.("errors", "stale", 1);
        globalThis.kept = emitTo;
      },`,
      { hasReducer: false, outputs, mapTaskCount: 2 },
    );
    expect(contents(await job.map(0, "one"))).toEqual({ "": "" });
    expect(await job.map(1, "two")).toMatchObject({
      failure: { message: expect.stringMatching(/emit was called after its attempt had ended/) },
    });
  });
});

describe("folders of partitionBy", () => {
  const byInitial = "partitionBy: (key, value) => ({ initial: key[0], large: value > 2 ? 1 : 0 }),";

  it.each([
    ["a function", "(key, values, { emit }) => { for (const value of values) emit(key, value); }"],
    ["identity()", "identity()"],
  ])("take the records of %s", async (_name, reduce) => {
    const job = await jobOf(`${byInitial} ${mapWords} reduce: ${reduce},`);
    await job.map(0, lines);
    const outcome = await job.reduce(0);
    expect(contents(outcome)).toEqual({
      "initial=a/large=0": "a\t2\n",
      "initial=b/large=0": "b\t1\nbad\t0\n",
      "initial=b/large=1": "b\t3\n",
    });
    expect(outcome).toMatchObject({
      result: { counters: { "output.records": 4, "output.bytes": 18 } },
    });
  });

  it("take the records of an aggregate, and of a map-only job", async () => {
    const summed = await jobOf(`${byInitial} ${mapWords} combine: sum(), reduce: sum(),`);
    await summed.map(0, lines);
    expect(contents(await summed.reduce(0))).toEqual({
      "initial=a/large=0": "a\t2\n",
      "initial=b/large=0": "bad\t0\n",
      "initial=b/large=1": "b\t4\n",
    });
    const mapped = await jobOf(`${byInitial} ${mapWords}`, { hasReducer: false });
    expect(Object.keys(contents(await mapped.map(0, lines)))).toHaveLength(3);
  });

  it("stand beside named outputs; nothing emitted, nothing written", async () => {
    const job = await jobOf(
      `${byInitial} ${declared} map(line, { emit, emitTo }) {
        if (line !== "") emitTo("raw", line, 1);
        if (line === "a") emit(line, 1);
      },`,
      { hasReducer: false, outputs, mapTaskCount: 3 },
    );
    expect(contents(await job.map(0, "a"))).toEqual({ "initial=a/large=0": "a\t1\n", raw: "a1" });
    expect(contents(await job.map(1, "b"))).toEqual({ raw: "b1" });
    expect(partsOf(await job.map(2, "\n"))).toEqual([]);
  });

  it.each([
    ["({ date: undefined })", "MR_FOLDER_INVALID", "value of date is undefined"],
    ["({ '../up': 1 })", "MR_FOLDER_INVALID", 'name is "../up"'],
    ["{ throw new TypeError('mine') }", "MR_USER_CODE_FAILED", "mine"],
  ])("fail the attempt where partitionBy gives %s", async (body, code, message) => {
    const job = await jobOf(`partitionBy: () => ${body}, ${mapWords} reduce: identity(),`);
    await job.map(0, lines);
    const outcome = await job.reduce(0);
    expect(outcome).toMatchObject({ type: "failed", failure: { code } });
    expect(outcome.type === "failed" && outcome.failure.message).toContain(message);
    expect(filesBelow(path.join(job.options.folder, "out"))).toEqual([]);
  });

  it("are a thousand at most, and hold what a small slot can", async () => {
    const slotMemoryBytes = 64 * 1024 * 1024;
    const small = newPool(slotMemoryBytes);
    try {
      const source = (folders: number) => `partitionBy: (key) => ({ key: key % ${folders} }),
        map(line, { emit }) {
          for (let n = 0; n < 60_000; n++) emit(n, line);
        }, reduce: identity(),`;
      for (const [folders, code] of [
        [1_000, null],
        [1_001, "MR_FOLDERS_TOO_MANY"],
      ] as const) {
        const made = await jobOf(source(folders));
        const job = new LocalJob(small, { ...made.options, slotMemoryBytes });
        expect((await job.map(0, "x".repeat(1_000))).type).toBe("done");
        const outcome = await job.reduce(0);
        if (code !== null) expect(outcome).toMatchObject({ failure: { code, permanent: true } });
        else expect(partsOf(outcome)).toHaveLength(folders);
      }
    } finally {
      await small.close();
    }
  });
});

function filesBelow(root: string): string[] {
  if (!fs.existsSync(root)) return [];
  return fs
    .readdirSync(root, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}
