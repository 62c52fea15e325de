import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "#cli/installation";
import { runCli } from "#cli/run-cli";
import { MemoryTerminal } from "#cli/terminal";
import { Cluster } from "./harness/cluster.js";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 2, slots: 1 });
});
afterEach(() => cluster.settle());
afterAll(() => cluster.stop());

/** Words of a shell line, quotes resolved; enough for what our pages show. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}

/** The runs of a page that read the data of the examples, as the words behind `run`. */
function runsOf(page: string): string[][] {
  const text = readFileSync(path.join(packageRoot, page), "utf8");
  const lines = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) =>
    block.replaceAll("\\\n", " ").split("\n"),
  );
  return lines
    .filter((line) => line.startsWith("npx millrace run ") && line.includes("examples/data"))
    .map((line) => words(line).slice(3));
}

const pages = ["README.md", "examples/README.md", "docs/streaming.md"];

describe.each(pages)("%s", (page) => {
  const runs = runsOf(page).map((argv) => [argv.join(" "), argv] as const);

  it.each(runs)("run %s", async (_line, argv) => {
    const at = argv.indexOf("--output") + 1;
    const output = cluster.path(path.join(path.basename(page), argv[at] ?? ""));
    const named = argv.with(at, output);
    const terminal = new MemoryTerminal();
    const rest = [...named, "--wait", "--master", cluster.client.baseUrl];
    const exitCode = await runCli(["submit", ...rest], terminal, packageRoot);
    expect(exitCode, terminal.noteText).toBe(0);
    expect(existsSync(path.join(output, "_SUCCESS"))).toBe(true);
    const manifest = JSON.parse(readFileSync(path.join(output, "manifest.json"), "utf8")) as {
      totals: { records: number };
    };
    expect(manifest.totals.records).toBeGreaterThan(0);
  });
});

it("every example has a line in examples/README.md", () => {
  const page = readFileSync(path.join(packageRoot, "examples/README.md"), "utf8");
  const [, table = ""] = /\| --- \| --- \|\n([\s\S]*?)\n\n/.exec(page) ?? [];
  const files = [...table.matchAll(/^\| \[([\w-]+\.ts)\]/gm)].map(([, file = ""]) => file);
  expect(files.length).toBeGreaterThan(10);
  const ran = runsOf("examples/README.md").map(([file = ""]) => path.basename(file));
  expect(ran.toSorted()).toEqual(files.toSorted());
});
