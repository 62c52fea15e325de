import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Client } from "#shared/client/client";
import {
  bundle,
  bundleSha256,
  makeFolder,
  submissionFor,
  TestWorker,
  until,
} from "#master/api/cluster.fixture";

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly client: Client;
}

let folder: string;
let remove: () => Promise<void>;
let children: ChildProcess[];

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  children = [];
});
afterEach(async () => {
  for (const child of children) await end(child, "SIGKILL");
  await remove();
});

function launch(environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [resolve("dist/master/main.js")], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"] ?? "",
      MILLRACE_DATA: join(folder, "data"),
      MILLRACE_PORT: "0",
      MILLRACE_LEASE_MS: "5000",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
}

async function start(environment: Record<string, string> = {}): Promise<Running> {
  const child = launch(environment);
  if (child.stdout === null) throw new Error("no stdout");
  child.stderr?.resume();
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { event, url } = JSON.parse(line) as { event: string; url: string };
  expect(event).toBe("ready");
  return { child, url, client: new Client({ baseUrl: url, token: null, attemptsMax: 1 }) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
  return child.exitCode;
}

describe("the master process", () => {
  it("loses no submit that it answered, whenever it is killed", async () => {
    const ids: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { child, client } = await start();
      await client.putBundle(bundleSha256, bundle);
      for (let index = 0; index < 3; index += 1) {
        const output = join(folder, `out-${ids.length}`);
        ids.push((await client.submitJob(submissionFor(folder, { output }))).id);
      }
      await end(child, "SIGKILL");
    }
    const { client } = await start();
    const { items } = await until(
      () => client.listJobs(),
      (page) => page.items.every((job) => job.status === "running"),
    );
    expect(items.map((job) => job.id)).toEqual(ids.toReversed());
  });

  it("killed in the middle of a job goes on with it, and repeats no finished map", async () => {
    const output = join(folder, "out");
    const first = await start();
    await first.client.putBundle(bundleSha256, bundle);
    const worker = await TestWorker.join(first.url);
    const { id } = await first.client.submitJob(submissionFor(folder, { splitBytes: 8 }));
    const { mapTaskCount } = await worker.take("describe-job");
    await worker.work(output, mapTaskCount - 1);
    const last = await worker.take("launch-attempt");
    await end(first.child, "SIGKILL");
    await worker.closed;

    const second = await start();
    const again = await TestWorker.join(second.url, { resume: 1, attempts: [last.ref] });
    again.done(last.ref, null);
    expect((await again.take("report-received")).accepted).toBe(true);
    const rest = await again.work(output, 2);
    expect(rest.map((ref) => ref.stage)).toEqual(["reduce", "reduce"]);
    const job = await until(
      () => second.client.getJob(id),
      (view) => view.status === "succeeded",
    );
    expect(job.attempts).toEqual({ running: 0, failed: 0, lost: 0 });
    await again.close();
  });

  it("ends with 0 when told to, and starts from its checkpoint", async () => {
    const first = await start();
    await first.client.putBundle(bundleSha256, bundle);
    const { id } = await first.client.submitJob(submissionFor(folder));
    expect(await end(first.child, "SIGTERM")).toBe(0);
    const second = await start();
    expect((await second.client.getJob(id)).id).toBe(id);
    expect(await end(second.child, "SIGINT")).toBe(0);
  });

  it("refuses a data folder that another master uses", async () => {
    await start();
    const child = launch();
    child.stdout?.resume();
    let log = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (log += chunk));
    const [exitCode] = (await once(child, "close")) as [number];
    expect(exitCode).toBe(5);
    expect(log).toContain("MR_JOURNAL_IN_USE");
  });

  it("refuses settings that are not right, and shows no secret", async () => {
    const child = launch({ MILLRACE_HOST: "0.0.0.0", MILLRACE_PORT: "x", MILLRACE_TOKEN: "short" });
    child.stdout?.resume();
    let log = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (log += chunk));
    const [exitCode] = (await once(child, "close")) as [number];
    expect(exitCode).toBe(2);
    expect(log).toContain("MILLRACE_PORT");
    expect(log).not.toContain('"short"');
  });
});
