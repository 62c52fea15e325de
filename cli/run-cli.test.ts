import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { commands } from "./commands.js";
import { builtFile, packageRoot, packageVersion } from "./installation.js";
import { runCli } from "./run-cli.js";
import { MemoryTerminal } from "./terminal.js";

/** Answers by path, as a master would; what was asked is kept. */
type Answers = Readonly<Record<string, unknown>>;

const id = "wordcount-20260101-000000-abcd";
const at = "2026-01-01T00:00:00.000Z";
const stage = { total: 2, pending: 0, running: 0, done: 2, fraction: 1 };
const job = {
  id,
  name: "wordcount",
  status: "succeeded",
  submittedAt: at,
  startedAt: at,
  endedAt: "2026-01-01T00:00:02.000Z",
  output: "/out",
  waitingFor: null,
  map: stage,
  reduce: stage,
  attempts: { running: 0, failed: 0, lost: 0 },
  failure: null,
  spec: {
    name: "wordcount",
    inputs: ["/in"],
    reader: { kind: "text" },
    writer: { kind: "tsv" },
    hasReducer: true,
  },
};
const page = (items: unknown[]) => ({ items, nextCursor: null });

let folder = "";
const servers: Server[] = [];
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-cli-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function serve(answers: Answers) {
  const asked: string[] = [];
  const bodies: Record<string, string> = {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const key = `${request.method} ${(request.url ?? "").replace("/api/v1", "")}`;
      asked.push(key);
      bodies[key.split("?")[0] ?? ""] = Buffer.concat(chunks).toString();
      const known = Object.keys(answers).find((each) => key === each || key.startsWith(`${each}?`));
      const bundle = key.startsWith("PUT /bundles/") ? {} : undefined;
      const answer = known === undefined ? bundle : answers[known];
      if (typeof answer === "string") response.end(answer);
      else if (answer !== undefined) response.end(JSON.stringify(answer));
      else {
        const problem = {
          type: "about:blank",
          title: "not found",
          status: 404,
          detail: "there is no such job",
          code: "MR_JOB_NOT_FOUND",
        };
        response.writeHead(404).end(JSON.stringify(problem));
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, bodies };
}

async function cli(argv: string[], cwd: string = folder) {
  const terminal = new MemoryTerminal();
  const code = await runCli(argv, terminal, cwd);
  return { code, out: terminal.outText, note: terminal.noteText };
}

describe("runCli", () => {
  it("shows help for all and for each command", async () => {
    const all = await cli(["--help"]);
    expect(all.code).toBe(0);
    for (const command of commands) {
      expect(all.out).toContain(command.name);
      const words = command.name.split(" ");
      for (const argv of [
        [...words, "--help"],
        ["help", ...words],
      ]) {
        const help = await cli(argv);
        expect(help.code).toBe(0);
        expect(help.out).toContain(`Usage: millrace ${command.name}`);
        expect(help.out).toContain("Examples:");
      }
    }
    expect(await cli(["--version"])).toMatchObject({ code: 0, out: `${packageVersion()}\n` });
    expect((await cli([])).code).toBe(2);
  });

  it("maps kinds of errors to exit codes, in text and in JSON", async () => {
    expect(await cli(["jbos"])).toMatchObject({ code: 2, out: "" });
    const { url } = await serve({});
    const plain = await cli(["job", id, "--master", url]);
    expect(plain).toMatchObject({ code: 4, out: "" });
    expect(plain.note).toBe("millrace: there is no such job (MR_JOB_NOT_FOUND)\n");
    const json = await cli(["job", id, "--master", url, "--json"]);
    expect(JSON.parse(json.note)).toMatchObject({
      error: { code: "MR_JOB_NOT_FOUND", kind: "not-found" },
    });
    expect((await cli(["jobs", "--status", "lazy", "--master", url])).code).toBe(2);
    expect((await cli(["jobs", "--master", "nonsense"])).note).toContain("--master is");
  });

  it("submits a job: bundle first, then the spec with absolute locations", async () => {
    const { url, asked, bodies } = await serve({ "POST /jobs": { job } });
    const file = path.join(packageRoot, "examples", "inverted-index.ts");
    const flags = ["--param", "minLength=4", "--reducers", "2", "--master", url];
    const done = await cli(["submit", file, "--input", "a/*.txt", ...flags, "--output", "out"]);
    expect(done).toMatchObject({ code: 0, out: `${id}\n` });
    expect(done.note).toContain(`millrace job ${id} --wait`);
    expect(asked.map((each) => each.slice(0, 13))).toEqual(["PUT /bundles/", "POST /jobs"]);
    const spec = JSON.parse(bodies["POST /jobs"] ?? "") as Record<string, unknown>;
    expect(spec).toMatchObject({
      name: "inverted-index",
      inputs: [path.join(folder, "a/*.txt")],
      output: path.join(folder, "out"),
      params: { minLength: 4 },
      partitionCount: 2,
    });
    expect(asked[0]).toBe(`PUT /bundles/${String(spec["bundleSha256"])}`);
  });

  it("submits a job of several inputs and side inputs by their names", async () => {
    const { url, bodies } = await serve({ "POST /jobs": { job } });
    const file = path.join(folder, "join.ts");
    const lines = [
      'import { cogroup, defineJob, sideLines, text, tsv } from "millrace";',
      "export default defineJob({",
      '  name: "join", side: { stop: sideLines() }, output: tsv(), reduce: cogroup(() => {}),',
      "  inputs: { a: { input: text(), map: () => {} }, b: { input: text(), map: () => {} } },",
      "});",
    ];
    writeFileSync(file, lines.join("\n"));
    const flags = ["--master", url, "--side", "stop=s.txt"];
    const done = await cli(["submit", file, "--input", "a=1.txt", "b=2/*", "a=3.txt", ...flags]);
    expect(done, done.note).toMatchObject({ code: 0 });
    const spec = JSON.parse(bodies["POST /jobs"] ?? "") as Record<string, unknown>;
    const inFolder = (...names: string[]) => names.map((name) => path.join(folder, name));
    expect(spec).toMatchObject({
      inputs: inFolder("1.txt", "3.txt", "2/*"),
      sources: [
        { name: "a", inputs: inFolder("1.txt", "3.txt") },
        { name: "b", inputs: inFolder("2/*") },
      ],
      sides: [{ name: "stop", as: "lines", inputs: inFolder("s.txt") }],
    });
    const missing = await cli(["submit", file, "--input", "a=1.txt", ...flags]);
    expect(missing.code).toBe(2);
    expect(missing.note).toContain("--input is missing for b; allowed: --input b=PATH");
  });

  it("waits for a job and says how it ended", async () => {
    const output = { output: "/out", parts: [], records: 7, bytes: 9 };
    const good = await serve({ [`GET /jobs/${id}`]: { job }, [`GET /jobs/${id}/output`]: output });
    const done = await cli(["job", id, "--wait", "--master", good.url]);
    expect(done).toMatchObject({ code: 0, out: "/out: 0 parts, 7 records\n" });
    expect(done.note).toContain(`job ${id} succeeded in 2.0 s`);
    const bad = await serve({ [`GET /jobs/${id}`]: { job: { ...job, status: "cancelled" } } });
    const failed = await cli(["job", id, "--wait", "--json", "--master", bad.url]);
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.out)).toMatchObject({ id, status: "cancelled" });
  });

  it("lists jobs and workers", async () => {
    const worker = {
      id: "worker-1",
      state: "ready",
      incarnation: 1,
      slots: 2,
      slotsUsed: 1,
      slotMemoryBytes: 1,
      address: "http://127.0.0.1:1",
      version: "0.1.0",
      registeredAt: at,
      lastSeenAt: at,
      rssBytes: 1024,
      attempts: [],
    };
    const { url, asked } = await serve({
      "GET /jobs": page([job]),
      "GET /workers": page([worker]),
    });
    const jobs = await cli(["jobs", "--status", "succeeded", "--limit", "5", "--master", url]);
    expect(jobs.out).toMatch(new RegExp(`^JOB .*\n${id}  succeeded  100%  100%    2026-01-01`));
    expect(asked[0]).toBe("GET /jobs?limit=5&status=succeeded");
    const workers = await cli(["workers", "--master", url]);
    expect(workers.out).toMatch(/worker-1 {2}ready {2}1\/2 {4}1\.0 KiB/);
    const json = await cli(["workers", "--json", "--master", url]);
    expect(JSON.parse(json.out)).toEqual({ items: [worker] });
  });

  it("shows a job with the attempts that did not go well and its counters", async () => {
    const task = {
      stage: "map",
      index: 1,
      name: "map-00001",
      state: "done",
      fraction: 1,
      attempts: 2,
      failures: 1,
      losses: 0,
      retryAt: null,
      worker: "worker-1",
      inputBytes: 10,
    };
    const attempt = {
      stage: "map",
      index: 1,
      attempt: 1,
      name: "map-00001.1",
      state: "failed",
      worker: "worker-2",
      startedAt: at,
      endedAt: at,
      fraction: 0.5,
      reason: "boom",
    };
    const { url } = await serve({
      [`GET /jobs/${id}`]: { job },
      [`GET /jobs/${id}/tasks`]: page([task, { ...task, index: 2, failures: 0 }]),
      [`GET /jobs/${id}/tasks/map/1/attempts`]: page([attempt]),
      [`GET /jobs/${id}/counters`]: { jobId: id, counters: { "user.skipped": 1200 } },
    });
    const shown = await cli(["job", id, "--master", url]);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/map-00001\.1 {2}failed {2}worker-2 {2}boom/);
    expect(shown.out).toMatch(/user\.skipped {2}1,200/);
  });

  it("lists logs, and prints that of the last attempt", async () => {
    const logs = [1, 2].map((attempt) => ({ task: "map-00003", attempt, sizeBytes: 2048 }));
    const { url } = await serve({
      [`GET /jobs/${id}/logs?task=map-00003&attempt=2`]: "printed\n",
      [`GET /jobs/${id}/logs`]: page(logs),
      [`GET /jobs/${id}`]: { job },
    });
    const list = await cli(["logs", id, "--master", url]);
    expect(list.out).toMatch(/map-00003 +2 {2}2\.0 KiB/);
    const text = await cli(["logs", id, "--task", "map-00003", "--master", url]);
    expect(text.out).toBe("printed\n");
    expect((await cli(["logs", id, "--task", "map-9", "--master", url])).code).toBe(4);
    expect((await cli(["logs", id, "--attempt", "1", "--master", url])).code).toBe(2);
  });

  it("shows a plan, and cancels a job", async () => {
    const range = { location: "/in/a", startByte: 0, endByte: 9, fileBytes: 9, version: "1" };
    const { url } = await serve({
      "POST /plan": {
        splitCount: 3,
        partitionCount: 2,
        inputBytes: 27,
        fileCount: 3,
        reasons: ["because"],
        splits: [{ ranges: [range] }],
      },
      [`POST /jobs/${id}/cancel`]: { job: { ...job, status: "cancelling" } },
    });
    const file = path.join(packageRoot, "examples", "wordcount.ts");
    const plan = await cli(["plan", file, "in", "--master", url]);
    expect(plan.out).toContain("3 files, 27 B: 3 map tasks, 2 reduce tasks\n  because\n");
    expect(plan.out).toContain("map-00000  9 B   /in/a 0-9\nand 2 more map tasks\n");
    const cancelled = await cli(["cancel", id, "--master", url]);
    expect(cancelled.out).toBe(`job ${id} is cancelling\n`);
  });

  it("finds the master that runs here by its data folder", async () => {
    const { url } = await serve({ "GET /jobs": page([]) });
    const data = path.join(folder, "data");
    mkdirSync(data);
    const cluster = { master: url, pid: 1, startedAt: at, workers: [] };
    writeFileSync(path.join(data, "cluster.json"), JSON.stringify(cluster));
    expect(await cli(["jobs", "--data", data])).toMatchObject({ code: 0, out: "no jobs\n" });
  });

  it("shows settings with their source, secrets hidden", async () => {
    const shown = await cli(["config", "show", "--port", "7500", "--token", "long-enough"]);
    expect(shown.out).toMatch(/port +7500 +flag +MILLRACE_PORT/);
    expect(shown.out).toMatch(/token +\(hidden\) +flag/);
    expect(shown.out).not.toContain("long-enough");
  });
});

describe("Ctrl-C", () => {
  it("ends the waiting, not the job, and says how to come back", async () => {
    const { url, asked } = await serve({
      [`GET /jobs/${id}`]: { job: { ...job, status: "running" } },
    });
    const argv = [builtFile("cli/main.js"), "job", id, "--wait", "--master", url];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
    const lines: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (lines.length === 0) child.kill("SIGINT");
      lines.push(line);
    });
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(0);
    expect(lines.at(-2)).toBe(`the job goes on; come back with: millrace job ${id} --wait`);
    expect(lines.at(-1)).toBe(`or end it with: millrace cancel ${id}`);
    expect(asked.some((each) => each.includes("cancel"))).toBe(false);
  });
});
