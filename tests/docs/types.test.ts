import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "#cli/installation";

const pages = ["README.md", "docs/job-api.md", "docs/streaming.md"];

it("the jobs in README.md, docs/job-api.md and docs/streaming.md pass the type checker", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "millrace-docs-types-"));
  try {
    const sources = path.join(packageRoot, "shared", "authoring", "millrace.ts");
    mkdirSync(path.join(folder, "node_modules"));
    symlinkSync(packageRoot, path.join(folder, "node_modules", "millrace"));
    const names = pages.flatMap((page) => {
      const text = readFileSync(path.join(packageRoot, page), "utf8");
      const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)];
      return blocks.map(([, block = ""], index) => {
        const line = text.slice(0, text.indexOf(block)).split("\n").length;
        const name = `${path.basename(page, ".md")}-${index}-line-${line}.ts`;
        writeFileSync(path.join(folder, name), block);
        return name;
      });
    });
    const config = {
      extends: path.join(packageRoot, "tsconfig.base.json"),
      compilerOptions: {
        composite: false,
        noEmit: true,
        types: [],
        customConditions: ["millrace-source"],
        paths: { millrace: [sources] },
      },
      files: names,
    };
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(config));
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const tsc = path.join(packageRoot, "node_modules", "typescript", "bin", "tsc");
    expect(problemsOf(tsc, folder)).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What the type checker says; empty when all is well. */
function problemsOf(tsc: string, folder: string): string {
  try {
    execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8", stdio: "pipe" });
    return "";
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}
