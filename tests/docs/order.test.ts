import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadJobFile } from "#cli/job-file";
import type { Job } from "#shared/authoring/any-job";
import { runInProcess, type InProcessOptions } from "#worker/sandbox/fixtures/job-in-process";

const folder = mkdtempSync(join(tmpdir(), "millrace-docs-order-"));
afterAll(() => rmSync(folder, { recursive: true }));
let exampleCount = 0;

/** The jobs of a section of docs/job-api.md, in order. */
function jobsOf(section: string): string[] {
  const page = readFileSync(new URL("../../docs/job-api.md", import.meta.url), "utf8");
  const text = page.split("\n## ").find((part) => part.startsWith(`${section}\n`)) ?? "";
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((block) => block[1] ?? "");
}

async function run(
  source: string | undefined,
  tasks: InProcessOptions["tasks"],
  extra: Partial<InProcessOptions> = {},
): Promise<readonly string[]> {
  const file = join(folder, `example-${exampleCount++}.ts`);
  writeFileSync(file, source ?? "");
  const { definition } = await loadJobFile(file);
  const job: Job = { millraceJob: 1, definition };
  return (await runInProcess({ folder: `${file}-run`, job, tasks, ...extra })).parts;
}

describe("the examples in docs/job-api.md", () => {
  it("give values in order", async () => {
    const [example] = jobsOf("Values in order");
    const tasks = [{ content: "ada 30 /pay\nbob 1 /\nada 4 /\n" }, { content: "ada 9 /cart" }];
    expect(await run(example, tasks)).toEqual(["ada\t/ > /cart > /pay\nbob\t/\n"]);
  });

  it("join two inputs and compare two files", async () => {
    const [joined, compared] = jobsOf("Several inputs");
    const orders = '{"customer":"1","total":20}\n{"customer":"7","total":3}\n';
    expect(
      await run(joined, [
        { content: orders, source: 1 },
        { content: '{"id":"1","city":"Graz"}\n{"id":"2","city":"Wien"}\n', source: 0 },
      ]),
    ).toEqual(["Graz\t20\nunknown customer 7\t3\n"]);
    expect(
      await run(compared, [
        { content: "a\nb\nb\nc", source: 0 },
        { content: "a\nb\nd", source: 1 },
      ]),
    ).toEqual(["b\t-1\nc\t-1\nd\t1\n"]);
  });

  it("sort lines over all parts", async () => {
    const [example] = jobsOf("Total order");
    const keys = [Buffer.from("m").toString("base64")];
    const parts = await run(example, [{ content: "pear\napple" }, { content: "zebra\nmole" }], {
      partitionCount: 2,
      boundaries: { keyKind: "string", keys },
    });
    expect(parts).toEqual(["apple\n", "mole\npear\nzebra\n"]);
  });
});
