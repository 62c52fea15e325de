import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runBench } from "./main.js";

const root = path.resolve(import.meta.dirname, "..");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-bench-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

async function bench(...argv: string[]): Promise<{ code: number; printed: string }> {
  let printed = "";
  const code = await runBench({
    argv: [...argv, "--data", folder],
    environment: { PATH: "/usr/bin:/bin" },
    root,
    write: (text) => (printed += text),
  });
  return { code, printed };
}

interface Report {
  readonly problems: readonly string[];
  readonly cases: readonly {
    readonly name: string;
    readonly contenders: readonly { readonly name: string; readonly runs: readonly object[] }[];
  }[];
}

describe("runBench", () => {
  it("runs peers in rounds, checks that they agree, and writes figures", async () => {
    const json = path.join(folder, "figures.json");
    const peers =
      "node-map-1,node-map-2,node-map-2-split,duckdb,duckdb-regexp,node-sort,node-1,node-2,mawk," +
      "mawk-2,jq-2,grep,grep-2";
    const names = ["wordcount", "access-log", "jsonl", "sort", "streaming", "filter"];
    const flags = ["--case", names.join(","), "--size", "300KB", "--runs", "2"];
    const { code, printed } = await bench(...flags, "--peers", peers, "--json", json);
    expect(printed).toMatch(/all answers agree\n$/);
    expect(code).toBe(0);
    const report = JSON.parse(fs.readFileSync(json, "utf8")) as Report;
    expect(report.problems).toEqual([]);
    expect(report.cases.map(({ name }) => name)).toEqual(names);
    for (const { name, contenders } of report.cases) {
      if (name !== "streaming") expect(contenders.length).toBeGreaterThan(1);
      for (const { runs } of contenders) expect(runs.length).toBe(2);
    }
    const left = fs.readdirSync(folder).filter((name) => name.startsWith("scratch"));
    expect(left).toEqual([]);
  });

  it("answers wrong arguments with one sentence and exit code 2", async () => {
    const size = await bench("--size", "huge");
    expect(size).toMatchObject({ code: 2 });
    expect(size.printed).toMatch(/--size is "huge"; allowed/);
    const peers = await bench("--peers", "duckdb,spark");
    expect(peers).toMatchObject({ code: 2 });
    expect(peers.printed).toMatch(/"spark"; allowed: millrace, .*mawk/);
  });

  it("prints its help and its contenders", async () => {
    expect((await bench("--help")).printed).toMatch(/--task-counts/);
    expect((await bench("--peers", "list")).printed).toMatch(/wordcount\n {2}millrace /);
    expect((await bench("--peers", "list")).printed).toMatch(/\n {2}go +a Go program/);
  });
});
