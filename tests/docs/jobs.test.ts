import { testJob, type TestOptions, type TestResult } from "millrace/testing";
import { afterAll, describe, expect, it } from "vitest";
import { blocksOf, JobFiles } from "./page.js";

const files = new JobFiles();
afterAll(() => files.remove());

/** Runs a job of a section. @param number of the job in the section, from 0 */
async function run(title: string, number: number, options: TestOptions): Promise<TestResult> {
  const job = await files.load(blocksOf(title, "ts")[number] ?? "");
  return testJob(job, job.definition.reduce === undefined ? options : { reducers: 1, ...options });
}

/** Lines whatever part they are in. */
const lines = (text: string): string[] => text.trimEnd().split("\n").toSorted();

describe("the jobs in docs/job-api.md", () => {
  it("set up and clean up", async () => {
    const input = "one\nthree\nsix\n";
    expect((await run("The fields", 0, { input })).text).toBe("longest\tthree\n");
  });

  it("take batches of lines", async () => {
    const { text } = await run("Readers", 1, { input: "a\nbb\nc\n" });
    expect(text).toBe("1\t2\n2\t1\n");
  });

  it("read CSV", async () => {
    const { text } = await run("Readers", 0, { input: "id;city\n1;Graz\n2;Wien\n3;Graz\n" });
    expect(text).toBe("Graz\t2\nWien\t1\n");
  });

  it("use built-ins on both sides", async () => {
    const line = (path: string, bytes: string): string =>
      `h - - [17/May/2015:10:05:03 +0000] "GET ${path} HTTP/1.1" 200 ${bytes} "-" "-"\n`;
    const input = line("/a", "5") + line("/b", "7") + line("/a", "1") + line("/b", "-");
    const { text, counters } = await run("Built-in mappers", 0, { input });
    expect(text).toBe("/a 200\t[2,6]\n/b 200\t[1,7]\n");
    expect(counters).toEqual({ "fields.skipped": 1 });
  });

  it("combine with a function of their own", async () => {
    const { text } = await run("combine and reduce", 0, { input: "ab\nb\nabc\na\n" });
    expect(text).toBe("a\tabc\nb\tb\n");
  });

  it("make ranges of keys", async () => {
    const input = "pear\nApple\nhen\napple\n";
    const { files: parts } = await run("partition", 0, { input, params: {}, reducers: 3 });
    expect(Object.values(parts)).toEqual(["apple\t2\n", "hen\t1\n", "pear\t1\n"]);
  });

  it("have steps", async () => {
    const input = "The cat the dog\n";
    const { text } = await run("Steps", 0, { input, params: { atLeast: 300 } });
    expect(text).toBe("the\t500\n");
  });

  it("repeat a step until nothing changes", async () => {
    const input = "c b\nb a\ny x\nd c\ne d\n";
    const { text, counters } = await run("Steps", 1, { input });
    expect(lines(text)).toEqual(["a\ta", "b\ta", "c\ta", "d\ta", "e\ta", "x\tx", "y\tx"]);
    expect(counters["accounts"]).toBe(7);
  });

  it("take parameters", async () => {
    const input = "a cat\ncatalogue\ndog\n";
    const found = await run("params", 0, { input, params: { word: "cat" } });
    expect(found.text).toBe("a cat\ncatalogue\n");
    const params = { word: "cat", in: "start", upperCase: true, atMost: 20 };
    expect((await run("params", 0, { input, params })).text).toBe("CATALOGUE\n");
  });
});
