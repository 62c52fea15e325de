import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testJob } from "millrace/testing";
import { afterAll, describe, expect, it } from "vitest";
import { loadJobFile } from "#cli/job-file";
import type { Job } from "#shared/authoring/any-job";

const folder = mkdtempSync(join(tmpdir(), "millrace-docs-testing-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}

/** The first block of a language in a section of docs/job-api.md. */
function blockOf(section: string, language: string): string {
  const parts = read("docs/job-api.md").split("\n## ");
  const text = parts.find((part) => part.startsWith(`${section}\n`)) ?? "";
  return new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "m").exec(text)?.[1] ?? "";
}

async function jobOf(section: string): Promise<Job> {
  const file = join(folder, `${section.replaceAll(" ", "-")}.ts`);
  writeFileSync(file, blockOf(section, "ts"));
  const { definition } = await loadJobFile(file);
  return { millraceJob: 1, definition };
}

describe("the examples in docs/job-api.md", () => {
  it("aggregate", async () => {
    const { text } = await testJob(await jobOf("Aggregates"), {
      input: "/a 3\n/b 5\n/a 4.5\n/a 6\n",
      reducers: 1,
    });
    expect(text).toBe("/a\t[3,4.5,6]\n/b\t[1,5,5]\n");
  });

  it("take side inputs", async () => {
    const { text, counters } = await testJob(await jobOf("Side inputs"), {
      input: "1.1.1.1 firefox\n2.2.2.2 crawler\n3.3.3.3 safari\n1.1.1.1 edge\n",
      side: { robots: "crawler\nspider\n", countries: "1.1.1.1\tAU\n2.2.2.2\tFR\n" },
      reducers: 1,
    });
    expect(text).toBe("AU\t2\nelsewhere\t1\n");
    expect(counters).toEqual({ robots: 1 });
  });

  it("test a job with a test that is run", () => {
    expect(blockOf("Testing a job", "typescript")).toBe(read("examples/wordcount.test.ts"));
  });
});
