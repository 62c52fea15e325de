import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "./commands.js";
import { packageRoot } from "./installation.js";
import { loadJobFile } from "./job-file.js";
import { commandsPage } from "./page.js";
import { findCommand, parseInvocation } from "./parse.js";
import { MemoryTerminal } from "./terminal.js";

/** Words of a shell line, quotes resolved; enough for what our pages show. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}

/** Checks one shown line; lines of other programs are none of ours. */
function expectToParse(line: string): void {
  const all = words(line.replace(/\s+(#|\||&).*$/, ""));
  const start = all.indexOf("millrace");
  const before = all.slice(0, Math.max(0, start));
  if (start < 0 || !before.every((word) => word === "npx" || word.includes("="))) return;
  const argv = all.slice(start + 1);
  if (argv.length === 0 || argv.includes("--help")) return;
  const { command, rest } = findCommand(commands, argv);
  parseInvocation(command, rest, { cwd: "/", terminal: new MemoryTerminal() });
}

function shellLines(page: string): string[] {
  const blocks = [...page.matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)];
  return blocks.flatMap((block) => (block[1] ?? "").replaceAll("\\\n", " ").split("\n"));
}

describe("documentation", () => {
  it("docs/cli.md is what the table says (npm run docs writes it)", () => {
    const page = readFileSync(path.join(packageRoot, "docs", "cli.md"), "utf8");
    expect(page).toBe(commandsPage());
  });

  it.each(commands.flatMap((command) => command.examples.map(({ line }) => line)))(
    "example parses: %s",
    (line) => {
      expect(line).toContain("millrace ");
      expectToParse(line);
    },
  );

  it.each(["README.md", "docs/job-api.md", "docs/streaming.md"])(
    "every command line in %s parses",
    (file) => {
      const lines = shellLines(readFileSync(path.join(packageRoot, file), "utf8"));
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expectToParse(line);
    },
  );

  it.each(["README.md", "docs/job-api.md", "docs/streaming.md"])(
    "the jobs in %s load",
    async (file) => {
      const page = readFileSync(path.join(packageRoot, file), "utf8");
      const jobs = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((block) => block[1] ?? "");
      expect(jobs.length).toBeGreaterThan(0);
      const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-page-"));
      try {
        for (const job of jobs) {
          writeFileSync(path.join(folder, "job.ts"), job);
          await loadJobFile(path.join(folder, "job.ts"));
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it("every command has an example, and sentences end", () => {
    for (const command of commands) {
      expect(command.examples.length, command.name).toBeGreaterThan(0);
      expect(command.about, command.name).toMatch(/\.$/);
      const names = command.flags.map((flag) => flag.name);
      expect(new Set(names).size, command.name).toBe(names.length);
    }
  });
});
