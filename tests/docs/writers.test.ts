import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { loadJobFile } from "#cli/job-file";
import { runInProcess } from "#worker/sandbox/fixtures/job-in-process";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-docs-writers-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

function jobsOfSection(): string[] {
  const page = fs.readFileSync(new URL("../../docs/job-api.md", import.meta.url), "utf8");
  const text = page.split("\n## ").find((part) => part.startsWith("Writers\n")) ?? "";
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((block) => block[1] ?? "");
}

/** Runs a job as one map and at most one reduce task. @returns the bytes of its part */
async function run(
  name: string,
  source: string | undefined,
  content: string | Buffer,
): Promise<Buffer> {
  const file = path.join(folder, `${name}.ts`);
  fs.writeFileSync(file, source ?? "");
  const { definition } = await loadJobFile(file);
  const runFolder = path.join(folder, name);
  await runInProcess({
    folder: runFolder,
    job: { millraceJob: 1, definition },
    tasks: [{ content }],
  });
  const out = path.join(runFolder, "out");
  const files = fs
    .readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile());
  expect(files).toHaveLength(1);
  const [part] = files;
  return fs.readFileSync(path.join(part?.parentPath ?? "", part?.name ?? ""));
}

describe("the examples in docs/job-api.md", () => {
  const [table, visits, longVisits] = jobsOfSection();

  it("write compressed CSV", async () => {
    const part = await run("table", table, "200 5\n404 1\n200 6\n");
    expect(gunzipSync(part).toString()).toBe("status,requests,bytes\n200,2,11\n404,1,1\n");
  });

  it("hand records from one job to another", async () => {
    const kept = await run("visits", visits, "ada /a\nbob /\nada /b\n");
    expect(kept.subarray(0, 8).toString()).toBe("MRREC01\n");
    expect((await run("long", longVisits, kept)).toString()).toBe("ada /a\n");
  });
});
