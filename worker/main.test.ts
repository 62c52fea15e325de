import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AttemptRef } from "#shared/model/ids";
import { runUrlPath } from "#shared/model/keys";
import { LocalStorage } from "#shared/storage/local";
import { fixtureJobId, fixtureSpec } from "#worker/sandbox/fixtures/orders";
import { HandMaster, type Peer } from "#worker/session/fixtures/hand-master";

const dist = new URL("../dist/", import.meta.url);
const map: AttemptRef = { jobId: fixtureJobId, stage: "map", taskIndex: 0, attempt: 1 };
const reduce: AttemptRef = { jobId: fixtureJobId, stage: "reduce", taskIndex: 0, attempt: 1 };

interface Ready {
  readonly event: string;
  readonly workerId: string;
  readonly address: string;
}

/** A worker as a real process. */
class WorkerProcess {
  readonly ready: Promise<Ready>;
  readonly exitCode: Promise<number | null>;
  stderr = "";

  constructor(readonly child: ChildProcess) {
    this.ready = new Promise((resolve) => {
      if (child.stdout === null) return;
      const lines = createInterface({ input: child.stdout });
      lines.once("line", (line) => resolve(JSON.parse(line) as Ready));
    });
    child.stderr?.on("data", (text) => {
      this.stderr += String(text);
    });
    this.exitCode = once(child, "close").then(([code]) => code as number | null);
  }
}

let root = "";
let master: HandMaster;
let workers: WorkerProcess[] = [];

beforeEach(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-worker-"));
  workers = [];
  master = new HandMaster();
  await master.listen();
});

afterEach(async () => {
  for (const { child } of workers) child.kill("SIGKILL");
  await Promise.all(workers.map(({ exitCode }) => exitCode));
  await master.stop();
  fs.rmSync(root, { recursive: true, force: true });
});

function startWorker(extra: Record<string, string> = {}): WorkerProcess {
  const worker = new WorkerProcess(
    spawn(process.execPath, [fileURLToPath(new URL("worker/main.js", dist))], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"] ?? "",
        MILLRACE_CONFIG: "none",
        MILLRACE_DATA: path.join(root, "data"),
        MILLRACE_MASTER: master.url,
        MILLRACE_WORKER_NAME: "w1",
        MILLRACE_SLOTS: "1",
        MILLRACE_TOKEN: "sesame-open",
        ...extra,
      },
    }),
  );
  workers.push(worker);
  return worker;
}

async function makeBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("sandbox/fixtures/wordcount-job.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    alias: { millrace: fileURLToPath(new URL("shared/authoring/millrace.js", dist)) },
  });
  const bytes = outputFiles[0]?.contents ?? new Uint8Array();
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  master.bundles.set(sha256, bytes);
  return sha256;
}

async function describeJob(peer: Peer): Promise<void> {
  const bundleSha256 = await makeBundle();
  const spec = fixtureSpec("", { bundleSha256, paramSpecs: { act: { type: "string" } } });
  const output = path.join(root, "out");
  peer.say({
    type: "describe-job",
    jobId: fixtureJobId,
    spec,
    output,
    partitionCount: 1,
    mapTaskCount: 1,
    compression: "none",
  });
}

async function launchMap(peer: Peer): Promise<void> {
  const location = path.join(root, "in.txt");
  fs.writeFileSync(location, "a b a\nb a\n");
  const stat = await new LocalStorage("/").stat(location.slice(1));
  const range = {
    location,
    startByte: 0,
    endByte: stat?.sizeBytes ?? 0,
    fileBytes: stat?.sizeBytes ?? 0,
    version: stat?.version ?? "",
  };
  peer.say({
    type: "launch-attempt",
    ref: map,
    work: { stage: "map", split: { ranges: [range] } },
  });
}

describe("a worker process", () => {
  it("runs a map and a reduce, serves the run, and drains when it is asked to stop", async () => {
    const worker = startWorker();
    const peer = await master.nextPeer();
    expect(peer.authorization).toBe("Bearer sesame-open");
    await peer.welcome(1, 100);
    const { address, ...ready } = await worker.ready;
    expect(ready).toEqual({ event: "ready", workerId: "w1" });
    expect((await peer.hear("register")).runAddress).toBe(address);

    await describeJob(peer);
    await launchMap(peer);
    expect(await peer.hear("attempt-done")).toMatchObject({ ref: map, result: { hasRun: true } });
    peer.say({ type: "report-received", ref: map, accepted: true });
    const log = path.join(root, "data", "logs", fixtureJobId, "map-00000.1.log");
    expect(fs.readFileSync(log, "utf8")).toBe("a line\na line\n");
    const run = await fetch(address + runUrlPath(map, 0), {
      headers: { authorization: "Bearer sesame-open" },
    });
    expect(run.status).toBe(200);
    await run.arrayBuffer();

    peer.messages.length = 0;
    const runs = [{ workerId: "w1", address, maps: [0, 1] }];
    peer.say({ type: "launch-attempt", ref: reduce, work: { stage: "reduce", runs } });
    const { result } = await peer.hear("attempt-done");
    const part = result.parts[0]?.location ?? "";
    expect(fs.readFileSync(part, "utf8")).toBe("a\t3\nb\t2\n");
    peer.say({ type: "report-received", ref: reduce, accepted: true });

    worker.child.kill("SIGTERM");
    await peer.hear("draining");
    peer.say({ type: "leave" });
    await peer.hear("leaving");
    expect(await worker.exitCode).toBe(0);
    const scratch = path.join(root, "data", "workers", "w1");
    expect(fs.readdirSync(scratch)).toEqual(["bundles"]);
  });

  it("refuses a scratch folder that another worker uses", async () => {
    const first = startWorker();
    await (await master.nextPeer()).welcome(1);
    await first.ready;
    const second = startWorker();
    expect(await second.exitCode).toBe(5);
    expect(second.stderr).toContain("MR_SCRATCH_IN_USE");
  });

  it("starts anew after kill -9 without what it left", async () => {
    const first = startWorker();
    await (await master.nextPeer()).welcome(1);
    await first.ready;
    const scratch = path.join(root, "data", "workers", "w1");
    fs.mkdirSync(path.join(scratch, "intermediate", "job"), { recursive: true });
    first.child.kill("SIGKILL");
    await first.exitCode;
    const second = startWorker();
    const peer = await master.nextPeer();
    expect(await peer.welcome(2)).toBe(null);
    await second.ready;
    expect(fs.existsSync(path.join(scratch, "intermediate"))).toBe(false);
  });

  it("ends at once at a second signal", async () => {
    const worker = startWorker();
    const peer = await master.nextPeer();
    await peer.welcome(1);
    await worker.ready;
    worker.child.kill("SIGINT");
    await peer.hear("draining");
    worker.child.kill("SIGTERM");
    expect(await worker.exitCode).toBe(143);
  });

  it("ends with the code of its rejection", async () => {
    master.refuse = 403;
    const worker = startWorker();
    expect(await worker.exitCode).toBe(3);
    expect(worker.stderr).toContain("MR_TOKEN_WRONG");
    expect(worker.stderr).not.toContain("sesame");
  });

  it("names settings that are not right, and ends", async () => {
    const worker = startWorker({ MILLRACE_SLOTS: "none" });
    expect(await worker.exitCode).toBe(2);
    expect(worker.stderr).toContain("MILLRACE_SLOTS");
  });
});
