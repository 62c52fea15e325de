import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Client } from "#shared/client/client";
import { clusterFileSchema, readClusterFile } from "./connect.js";
import { builtFile, packageRoot } from "./installation.js";

let folder = "";
const children: ChildProcess[] = [];
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-processes-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the compiled command, as a shell would. */
function start(argv: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [builtFile("cli/main.js"), ...argv], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const out: string[] = [];
  const notes: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => out.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => notes.push(line));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, out, notes, ended };
}

async function until<Value>(look: () => Value | Promise<Value>): Promise<NonNullable<Value>> {
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadlineMs) throw new Error("it did not come to be in 60 s");
    await pause(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function writeJob(name: string, map: string): string {
  const file = path.join(folder, `${name}.ts`);
  const lines = [
    'import { count, defineJob, text, tsv } from "millrace";',
    "export default defineJob({",
    `  name: "${name}", input: text(), attemptsMax: 1, output: tsv(), reduce: count(),`,
    `  map: async (line: string, { emit }) => { ${map} },`,
    "});",
  ];
  writeFileSync(file, lines.join("\n"));
  return file;
}

const lines = ["b 1", "a 2", "b 3", "c 4", ""].join("\n");

describe("millrace run", () => {
  it("runs a job with two tasks of each stage, and leaves nothing but the output", async () => {
    writeFileSync(path.join(folder, "in.txt"), lines);
    const job = writeJob("letters", "emit(line.slice(0, 1), line);");
    const run = start(["run", job, "--input", "in.txt", "--output", "out", "--json"]);
    expect(await run.ended, run.notes.join("\n")).toBe(0);
    const view = JSON.parse(run.out.join("\n")) as Record<string, { total: number }>;
    expect(view["map"]?.total).toBe(2);
    expect(view["reduce"]?.total).toBe(2);
    const output = path.join(folder, "out");
    const parts = readdirSync(output).filter((name) => name.startsWith("part-"));
    const text = parts.map((name) => readFileSync(path.join(output, name), "utf8")).join("");
    expect(text.trim().split("\n").toSorted()).toEqual(["a\t1", "b\t2", "c\t1"]);
    expect(existsSync(path.join(output, "_SUCCESS"))).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith("millrace-"))).toEqual([]);

    const again = start(["run", job, "--input", "in.txt", "--output", "out"]);
    expect(await again.ended).toBe(5);
    expect(again.notes.join("\n")).toContain("MR_OUTPUT_EXISTS");
  });

  it("ends with 1 and the probable cause when the job fails", async () => {
    writeFileSync(path.join(folder, "in.txt"), lines);
    const job = writeJob(
      "fails",
      'console.log("saw", line); if (line === "b 3") throw new Error("no threes"); emit(line, 1);',
    );
    const run = start(["run", job, "--input", "in.txt"]);
    expect(await run.ended).toBe(1);
    const said = run.notes.join("\n");
    expect(said).toContain("no threes");
    expect(said).toMatch(/in +fails\.ts:4:\d+/);
    expect(said).toMatch(/at +in\.txt, byte 8/);
    expect(said).toMatch(/record +b 3/);
    expect(said).toContain("saw b 3");
    expect(existsSync(path.join(folder, "output", "fails", "_SUCCESS"))).toBe(false);
  });

  it("cancels the job at Ctrl-C and ends with 130", async () => {
    writeFileSync(path.join(folder, "in.txt"), lines);
    const job = writeJob(
      "sleeps",
      "await new Promise((go) => setTimeout(go, 60_000)); emit(line, 1);",
    );
    const run = start(["run", job, "--input", "in.txt", "--output", "never"]);
    await until(() => run.notes.some((line) => line.includes("map 0/")));
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    expect(existsSync(path.join(folder, "never", "_SUCCESS"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith("millrace-"))).toEqual([]);
  });
});

describe("millrace up", () => {
  it("runs a cluster, starts again what dies, and ends all of it at Ctrl-C", async () => {
    const data = path.join(folder, "data");
    const up = start([
      "up",
      "--workers",
      "2",
      "--slots",
      "1",
      "--port",
      "0",
      "--data",
      data,
      "--json",
    ]);
    const ready = JSON.parse(await until(() => up.out[0])) as Record<string, unknown>;
    const { master, workers } = clusterFileSchema.omit({ pid: true, startedAt: true }).parse(ready);
    expect(readClusterFile(data)).toMatchObject({ master, workers });
    const client = new Client({ baseUrl: master, token: null });
    const readyCount = async () =>
      (await client.listWorkers()).items.filter((worker) => worker.state === "ready").length;
    await until(async () => (await readyCount()) === 2);

    const victim = workers[0]?.pid ?? 0;
    process.kill(victim, "SIGKILL");
    await until(() => up.notes.some((line) => line.endsWith("runs again")));
    const now = await until(() => {
      const listed = readClusterFile(data)?.workers ?? [];
      return listed.length === 2 && listed.every(({ pid }) => pid !== victim) ? listed : null;
    });
    await until(async () => (await readyCount()) === 2);

    const words = path.join(packageRoot, "examples", "wordcount.ts");
    const books = path.join(packageRoot, "examples", "data", "gutenberg");
    const submitted = start(["submit", words, books, "--data", data, "--wait"]);
    expect(await submitted.ended, submitted.notes.join("\n")).toBe(0);

    up.child.kill("SIGINT");
    expect(await up.ended).toBe(0);
    for (const { pid } of [...workers, ...now]) expect(isAlive(pid)).toBe(false);
    expect(readClusterFile(data)).toBeNull();
    await expect(client.getCluster()).rejects.toMatchObject({ code: "MR_MASTER_UNREACHABLE" });
  });

  it("says why it cannot start, and leaves nothing behind", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const up = start(["up", "--port", String(port), "--data", path.join(folder, "taken")]);
    expect(await up.ended).toBe(1);
    other.close();
    const said = up.notes.join("\n");
    expect(said).toContain("the master did not start");
    expect(said).toContain("EADDRINUSE");
  });

  it("refuses settings before it starts anything", async () => {
    const up = start(["up", "--host", "0.0.0.0", "--slots", "none"]);
    expect(await up.ended).toBe(2);
    const said = up.notes.join("\n");
    expect(said).toContain('--slots is "none"');
    expect(said).toContain("without a token");
  });
});
