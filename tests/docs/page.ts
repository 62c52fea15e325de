import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadJobFile } from "#cli/job-file";
import type { Job } from "#shared/authoring/any-job";

/** A section of docs/job-api.md, without its title. */
export function sectionOf(title: string): string {
  const page = readFileSync(new URL("../../docs/job-api.md", import.meta.url), "utf8");
  const found = page.split("\n## ").find((part) => part.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`docs/job-api.md has no section ${title}`);
  return found.slice(title.length + 1);
}

/** The blocks of one language in a section, in order. */
export function blocksOf(title: string, language: string): readonly string[] {
  const fence = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm");
  return [...sectionOf(title).matchAll(fence)].map((block) => block[1] ?? "");
}

/** The table in a block of plain text: columns stand at least two spaces apart, or below their titles. */
export function tableOf(title: string): readonly (readonly string[])[] {
  const [block = ""] = blocksOf(title, "text");
  const [titles = "", ...lines] = block.trimEnd().split("\n");
  const starts = [...titles.matchAll(/\S+(?: \S+)*/g)].map(({ index }) => index);
  return lines.map((line) =>
    starts.map((start, column) => line.slice(start, starts[column + 1]).trim()),
  );
}

/** Loads job files as the command line does, from a folder of its own. */
export class JobFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), "millrace-docs-"));
  #count = 0;

  async load(source: string): Promise<Job> {
    const file = join(this.#folder, `job-${this.#count++}.ts`);
    writeFileSync(file, source);
    const { definition } = await loadJobFile(file);
    return { millraceJob: 1, definition };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
