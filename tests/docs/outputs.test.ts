import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testJob } from "millrace/testing";
import { afterAll, expect, it } from "vitest";
import { loadJobFile } from "#cli/job-file";

const folder = mkdtempSync(join(tmpdir(), "millrace-docs-outputs-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("the example of outputs in docs/job-api.md gives the files that stand below it", async () => {
  const page = readFileSync(new URL("../../docs/job-api.md", import.meta.url), "utf8");
  const section = page.split("\n## ").find((part) => part.startsWith("Outputs\n")) ?? "";
  const [, source = ""] = /^```ts\n([\s\S]*?)^```/m.exec(section) ?? [];
  const [, listed = ""] = /^```\n(out\/[\s\S]*?)^```/m.exec(section) ?? [];
  const file = join(folder, "outputs.ts");
  writeFileSync(file, source);
  const { definition } = await loadJobFile(file);
  const input = "2015-05-17 /a\n2015-05-18 /a\n2015-05-17 /a\nnot a line\n";
  const result = await testJob({ millraceJob: 1, definition }, { input, reducers: 1 });
  const paths = listed.split("\n").map((line) => line.replace(/^out\//, ""));
  expect(Object.keys(result.files).toSorted()).toEqual(
    paths.filter((name) => name.includes("part-")).toSorted(),
  );
  expect(result.files["year=2015/date=2015-05-17/part-00000.gz"]).toBe(
    '{"key":"/a","value":{"date":"2015-05-17","requests":2}}\n',
  );
  expect(result.outputs["unreadable"]?.text).toBe("not a line\n");
});
