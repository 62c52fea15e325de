import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { writeText } from "./harness/input.js";
import { readParts } from "./harness/output.js";
import { countWords, sorted } from "./harness/sequential.js";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 2 });
});
afterAll(() => cluster.stop());

interface Line {
  readonly key: string;
  readonly value: string;
  readonly times?: number;
}
interface Gathered {
  readonly key: unknown;
  readonly value: string;
}

/** Runs the lines through a job; each part as its records, in order. */
async function gather(kind: string, lines: readonly Line[]): Promise<Gathered[][]> {
  const input = cluster.path("lines.jsonl");
  writeFileSync(input, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const job = await cluster.submit("keys", { inputs: [input], reducers: 2, params: { kind } });
  await job.succeeded();
  return readParts(job.output).map((part) => {
    const text = part.toString("utf8").split("\n").slice(0, -1);
    return text.map((line) => JSON.parse(line) as Gathered);
  });
}

/** Twice each, so that every key is a group. */
function twice(keys: readonly string[]): Line[] {
  return ["first", "second"].flatMap((value) => keys.map((key) => ({ key, value })));
}

function codePoints(text: unknown): number[] {
  return Array.from(String(text)).map((each) => each.codePointAt(0) ?? 0);
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  if (at === -1) return a.length - b.length;
  return (a[at] ?? 0) - (b[at] ?? -1);
}

describe("keys that mean something elsewhere", () => {
  it("of text come out as they were, in order of code points", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "a", "aa", "\\", '"'];
    const blanks = ["", " ", "\0", "\0\0", "a\0", "\t", "\n", "\r\n", "a\tb", "\u2028", "\ufeff"];
    const surrogates = ["\ud800", "\udc00", "\ud800a", "\udc00\ud800", "\u{1f600}", "\u{10ffff}"];
    const keys = [...names, ...blanks, ...surrogates, "\uffff", "é", "e\u0301"];
    const parts = await gather("string", twice(keys));
    const found = parts.flat();
    expect(found).toHaveLength(keys.length);
    expect(new Set(found.map(({ key }) => key))).toEqual(new Set(keys));
    for (const { value } of found) expect(value).toBe("first,second");
    for (const part of parts) {
      const order = part.map(({ key }) => key);
      const expected = order.toSorted((a, b) => compareNumbers(codePoints(a), codePoints(b)));
      expect(order).toEqual(expected);
    }
  });

  it("of 10 MB, which differ in their end alone", async () => {
    const times = 5_000_000;
    const lines: Line[] = [
      { key: "ab", times, value: "first" },
      { key: "abc", times: 3_333_333, value: "other" },
      { key: "ab", times, value: "second" },
    ];
    const found = (await gather("string", lines)).flat();
    const long = "ab".repeat(times);
    const seen = found.map(({ key, value }) => [key === long, String(key).length, value]);
    expect(seen.toSorted()).toEqual([
      [false, 9_999_999, "other"],
      [true, 10_000_000, "first,second"],
    ]);
  });

  it("that are numbers, in order of their size", async () => {
    const keys = ["10", "9", "-1", "0", "-0", "1e300", "-1e300", "0.1", "5e-324", "-5e-324"];
    keys.push("9007199254740993", "Infinity", "-Infinity");
    const parts = await gather("number", twice(keys));
    const found = parts.flat();
    // -0 is 0.
    const distinct = new Set(keys.map((key) => Number(key) + 0));
    expect(found).toHaveLength(distinct.size);
    const zero = found.find(({ key }) => key === 0);
    expect(zero?.value).toBe("first,first,second,second");
    const finite = found.map(({ key }) => key).filter((key) => typeof key === "number");
    expect(new Set(finite)).toEqual(new Set([...distinct].filter((each) => Number.isFinite(each))));
    for (const part of parts) {
      const order = part.map(({ key }) => key).filter((key) => typeof key === "number");
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
  });

  it("that are bytes, unsigned, a prefix first", async () => {
    const bytes = [[], [0], [0, 0], [1], [1, 0], [127], [128], [255], [255, 255]];
    const keys = bytes.map((each) => Buffer.from(each).toString("base64"));
    const parts = await gather("bytes", twice(keys));
    const found = parts.map((part) => part.map(({ key }) => (key as { base64: string }).base64));
    expect(found.flat().toSorted()).toEqual(keys.toSorted());
    for (const part of found) expect(part).toEqual(keys.filter((key) => part.includes(key)));
    for (const { value } of parts.flat()) expect(value).toBe("first,second");
  });
});

describe("all records under one key", () => {
  it("stream through a reducer with little memory", async () => {
    const small = await Cluster.start({
      workers: 2,
      environment: { MILLRACE_SLOT_MEMORY: "96MiB" },
    });
    try {
      const input = path.join(small.folder, "lines.txt");
      writeFileSync(input, Array.from({ length: 3_000 }, (_, at) => `${1_000 + at}\n`).join(""));
      const job = await small.submit("one-key", { inputs: [input], reducers: 2 });
      const { attempts } = await job.succeeded();
      expect(attempts).toEqual({ running: 0, failed: 0, lost: 0 });
      // 300,000 values of 4 characters, a blank, one or two digits, a blank and 120 characters.
      const chars = 3_000 * (100 * (4 + 1 + 1 + 120) + 10 + 2 * 90);
      expect(job.lines()).toEqual([`all\t300000 ${chars}`]);
      const counters = await job.counters();
      expect(counters["reduce.records.in"]).toBe(300_000);
      expect(counters["user.groups"]).toBe(1);
    } finally {
      await small.stop();
    }
  });
});

describe("inputs of many forms", () => {
  it("gzip with concatenated members is read to its end", async () => {
    const members = ["a b\nb ", "c\n", "", "c c\nd"];
    const input = cluster.path("members.gz");
    writeFileSync(input, Buffer.concat(members.map((member) => gzipSync(member))));
    const job = await cluster.submit("words", { inputs: [input], splitBytes: 10, reducers: 1 });
    const { map } = await job.succeeded();
    expect(map.total).toBe(1);
    expect(job.lines()).toEqual(["a\t1", "b\t2", "c\t3", "d\t1"]);
    expect((await job.counters())["user.lines"]).toBe(4);
  });

  it("many small files share tasks", async () => {
    const { folder, files, splitBytes } = writeText(cluster.path("small"), 600, 2);
    const options = { inputs: [folder], splitBytes: splitBytes * 150, reducers: 1 };
    const job = await cluster.submit("words", options);
    const { map } = await job.succeeded();
    expect(map.total).toBe(4);
    expect(job.lines()).toEqual(countWords(files));
  });

  it("a map-only job has a part for each map task, in order", async () => {
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 3, 20);
    const job = await cluster.submit("upper", { inputs: [folder], splitBytes });
    const { reduce } = await job.succeeded();
    expect(reduce.total).toBe(0);
    const parts = readParts(job.output).map(String);
    expect(parts).toEqual(
      files.map((file) => readFileSync(file, "utf8").toUpperCase().replaceAll(/ +\n/g, "\n")),
    );
  });

  it("lines that cross every split are read once", async () => {
    const { folder, files } = writeText(cluster.path("in"), 2, 30);
    const job = await cluster.submit("words", { inputs: [folder], splitBytes: 37, reducers: 2 });
    const { map } = await job.succeeded();
    expect(map.total).toBeGreaterThan(60);
    expect((await job.counters())["user.lines"]).toBe(60);
    expect(sorted(job.lines())).toEqual(countWords(files));
  });
});

describe("parameters", () => {
  it("come to the job with their types", async () => {
    const input = cluster.path("line.txt");
    writeFileSync(input, "x\n");
    const params = { count: "4", isLoud: "true" };
    const job = await cluster.submit("typed", { inputs: [input], params });
    await job.succeeded();
    expect(job.lines()).toEqual(['red\t["number",12,false]']);
  });

  it("that are not right are refused at submit, all at once, here and by the master", async () => {
    const wrong = { count: "ten", color: "green", size: 1 };
    const options = { inputs: [cluster.folder], params: wrong };
    const submitted = cluster.submit("typed", options);
    await expect(submitted).rejects.toMatchObject({ code: "MR_PARAM_INVALID" });
    await expect(submitted).rejects.toThrow(/params\.size[^]*params\.count[^]*params\.color/);

    const right = await cluster.prepare("typed", {
      inputs: [cluster.folder],
      params: { count: 4 },
    });
    const sent = cluster.client.submitJob({ ...right, params: wrong });
    await expect(sent).rejects.toMatchObject({ code: "MR_PARAM_INVALID", kind: "invalid" });
    const missing = cluster.client.submitJob({ ...right, params: {} });
    await expect(missing).rejects.toThrow("params.count");
    const jobs = (await cluster.client.listJobs({ name: "typed" })).items;
    expect(jobs.filter(({ status }) => status !== "succeeded")).toEqual([]);
  });

  it("make folders of outputs that nobody else's files are in", async () => {
    const folder = cluster.path("foreign");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "keep.txt"), "mine\n");
    const { folder: inputs, splitBytes } = writeText(cluster.path("in"), 1, 5);
    const submitted = cluster.submit("words", { inputs: [inputs], splitBytes, output: folder });
    await expect(submitted).rejects.toMatchObject({ code: "MR_OUTPUT_EXISTS" });
  });
});
