import { createHash } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock, systemIds, systemRandom, systemTimers } from "#shared/clock/system";
import { silentLogger } from "#shared/log/logger";
import type { AttemptRef } from "#shared/model/ids";
import { keys, outputPaths, scratchPaths } from "#shared/model/keys";
import { limits } from "#shared/model/limits";
import type { LaunchAttemptMessage, WorkerMessage } from "#shared/protocol/messages";
import { LocalStorage } from "#shared/storage/local";
import { fixtureJobId, fixtureSpec, fixtureThreadUrl } from "#worker/sandbox/fixtures/orders";
import { ThreadPool } from "#worker/sandbox/thread-pool";
import { Bundles } from "./bundles.js";
import { Leavings } from "./leavings.js";
import { Tasks } from "./tasks.js";

const bundle = Buffer.from("export default {};\n");
const sha256 = createHash("sha256").update(bundle).digest("hex");

let root = "";
let scratchFolder = "";
let master: http.Server;
let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;
let requests = 0;
let tasks: Tasks;
let sent: WorkerMessage[] = [];
let watchers: (() => void)[] = [];
let fetches: Promise<string>[] = [];

/** Remembers what is on its way: it writes to the disk, also when no attempt waits for it any more. */
class WatchedBundles extends Bundles {
  override get(wanted: string): Promise<string> {
    const fetched = super.get(wanted);
    fetches.push(fetched);
    return fetched;
  }
}

beforeEach(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-tasks-"));
  scratchFolder = path.join(root, "scratch");
  requests = 0;
  sent = [];
  watchers = [];
  fetches = [];
  answer = (request, response) => {
    const isRight =
      request.url === `/api/v1/bundles/${sha256}` &&
      request.headers.authorization === "Bearer sesame-open";
    if (isRight) response.end(bundle);
    else response.writeHead(404).end();
  };
  master = http.createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => master.listen(0, "127.0.0.1", resolve));
  tasks = makeTasks(1);
});

afterEach(async () => {
  await tasks.close();
  master.closeAllConnections();
  await new Promise((resolve) => master.close(resolve));
  await Promise.allSettled(fetches);
  fs.rmSync(root, { recursive: true, force: true });
});

function makeTasks(slots: number): Tasks {
  const slotMemoryBytes = 128 * 1024 * 1024;
  const pool = new ThreadPool({
    threadUrl: fixtureThreadUrl,
    slots,
    slotMemoryBytes,
    env: {},
    clock: systemClock,
    timers: systemTimers,
    rssBytes: () => 0,
  });
  const token = "sesame-open";
  const made = new Tasks({
    workerId: "w1",
    scratchFolder,
    slots,
    slotMemoryBytes,
    token,
    logBytesMax: 100_000,
    pool,
    bundles: new WatchedBundles({
      masterHttpUrl: `http://127.0.0.1:${(master.address() as AddressInfo).port}`,
      token,
      scratchFolder,
      random: { next: () => systemRandom.next() / 100 },
      timers: systemTimers,
      ids: systemIds,
    }),
    leavings: new Leavings(scratchFolder, path.join(root, "data"), new LocalStorage("/")),
    log: silentLogger(),
  });
  made.sendBy((message) => {
    sent.push(message);
    for (const watcher of watchers) watcher();
  });
  return made;
}

function refOf(taskIndex: number, attempt = 1): AttemptRef {
  return { jobId: fixtureJobId, stage: "map", taskIndex, attempt };
}

function describeJob(act: string): void {
  tasks.receive({
    type: "describe-job",
    jobId: fixtureJobId,
    spec: fixtureSpec(act, { bundleSha256: sha256 }),
    output: path.join(root, "out"),
    partitionCount: 2,
    mapTaskCount: 10,
    compression: "none",
  });
}

function launch(ref: AttemptRef): void {
  const range = { location: "/in", startByte: 0, endByte: 1, fileBytes: 1, version: "1" };
  const work: LaunchAttemptMessage["work"] = { stage: "map", split: { ranges: [range] } };
  tasks.receive({ type: "launch-attempt", ref, work });
}

/** Waits until so many messages were sent. */
function messages(count: number): Promise<readonly WorkerMessage[]> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (sent.length >= count) resolve(sent);
    };
    watchers.push(look);
    look();
  });
}

async function failureOf(ref: AttemptRef): Promise<unknown> {
  launch(ref);
  const [report] = await messages(1);
  if (report?.type !== "attempt-failed") throw new Error(JSON.stringify(report));
  return report.failure;
}

describe("an attempt", () => {
  it("fetches its bundle once, and repeats its report until that is received", async () => {
    describeJob("done");
    launch(refOf(0));
    await messages(1);
    expect(sent[0]).toMatchObject({ type: "attempt-done", ref: refOf(0) });
    expect(tasks.attempts()).toEqual([refOf(0)]);
    tasks.repeat();
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);

    launch(refOf(0));
    expect(sent).toHaveLength(3);
    tasks.receive({ type: "report-received", ref: refOf(0), accepted: true });
    tasks.repeat();
    expect(sent).toHaveLength(3);
    expect(tasks.attempts()).toEqual([]);

    launch(refOf(1));
    await messages(4);
    expect(requests).toBe(1);
  });

  it("leaves what it printed where the master reads it, nothing when it was silent", async () => {
    describeJob("print");
    launch(refOf(0));
    await messages(1);
    const kept = path.join(root, "data", keys.log(refOf(0)));
    expect(fs.readFileSync(kept, "utf8").startsWith("line 0\n")).toBe(true);
    expect(fs.existsSync(path.join(scratchFolder, scratchPaths.log(refOf(0))))).toBe(false);

    describeJob("done");
    launch(refOf(1));
    await messages(2);
    expect(fs.existsSync(path.join(root, "data", keys.log(refOf(1))))).toBe(false);
  });

  it("that fails leaves no files but its log", async () => {
    const run = path.join(scratchFolder, scratchPaths.run(refOf(0)));
    const pending = path.join(root, "out", outputPaths.pending(refOf(0)));
    const further = path.join(root, "out", outputPaths.furtherPending(refOf(0), 3));
    for (const file of [run, pending, further]) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, "half");
    }
    describeJob("exit");
    expect(await failureOf(refOf(0))).toMatchObject({
      code: "MR_USER_CODE_EXITED",
      blame: "user",
      logTail: ["before the exit"],
    });
    expect(fs.existsSync(path.dirname(run))).toBe(false);
    expect(fs.existsSync(pending)).toBe(false);
    expect(fs.existsSync(path.dirname(further))).toBe(false);
    const kept = path.join(root, "data", keys.log(refOf(0)));
    expect(fs.readFileSync(kept, "utf8")).toBe("before the exit\n");
  });

  it("that is cancelled reports nothing, and its slot takes the next at once", async () => {
    describeJob("loop");
    launch(refOf(0));
    tasks.receive({ type: "cancel-attempt", ref: refOf(0), reason: "preempted" });
    expect(tasks.attempts()).toEqual([]);
    describeJob("done");
    launch(refOf(1));
    await messages(1);
    expect(sent).toMatchObject([{ type: "attempt-done", ref: refOf(1) }]);
  });

  it("that is cancelled after it was done takes its report and its run back", async () => {
    describeJob("done");
    launch(refOf(0));
    await messages(1);
    tasks.receive({ type: "cancel-attempt", ref: refOf(0), reason: "another one won" });
    tasks.repeat();
    expect(sent).toHaveLength(1);
    expect(tasks.attempts()).toEqual([]);
  });

  it("passes complaints about runs on, and repeats them until they are answered", async () => {
    describeJob("unreachable");
    launch(refOf(0));
    const [complaint] = await messages(1);
    expect(complaint).toEqual({
      type: "run-unreachable",
      ref: refOf(0),
      holderId: "w2",
      mapTaskIndex: 3,
      mapAttempt: 1,
      reason: "missing",
    });
    tasks.repeat();
    expect(sent).toHaveLength(2);
    const runs = [{ workerId: "w3", address: "http://127.0.0.1:1", maps: [3, 2] }];
    tasks.receive({ type: "runs-ready", ref: refOf(0), runs });
    tasks.repeat();
    expect(sent).toHaveLength(2);
    tasks.receive({ type: "run-lost", ref: refOf(0), mapTaskIndex: 3, mapAttempt: 1 });
    await messages(3);
    expect(sent[2]).toMatchObject({ type: "attempt-done", result: { counters: { heard: 2 } } });
  });

  it("shows its progress", async () => {
    describeJob("listen");
    launch(refOf(0));
    expect(tasks.progress()).toEqual([
      { ref: refOf(0), fraction: 0, counters: { "map.records.in": 0, "map.records.out": 0 } },
    ]);
  });
});

describe("a bundle that never comes", () => {
  it("does not hold a cancelled attempt", async () => {
    answer = () => {};
    describeJob("done");
    launch(refOf(0));
    tasks.receive({ type: "cancel-attempt", ref: refOf(0), reason: "enough" });
    await tasks.whenIdle();
    expect(sent).toEqual([]);
  });
});

describe("a launch is refused without blame", () => {
  it("for a job that was not described", async () => {
    expect(await failureOf(refOf(0))).toMatchObject({
      code: "MR_PROTOCOL_VIOLATION",
      blame: "infrastructure",
    });
  });

  it("when more wait for slots than may", async () => {
    describeJob("listen");
    for (let index = 0; index <= limits.attemptsAheadMax; index++) launch(refOf(index));
    expect(await failureOf(refOf(99))).toMatchObject({
      code: "MR_PROTOCOL_VIOLATION",
      blame: "infrastructure",
      message: "launch refused: no more attempts may wait allowed=17",
    });
  });

  it("but not when it may wait; then it is given back when asked for", async () => {
    describeJob("listen");
    const [first, second] = [refOf(0), refOf(1)];
    launch(first);
    launch(second);
    tasks.receive({ type: "recall-attempt", ref: second });
    expect(await messages(1)).toEqual([{ type: "attempt-returned", ref: second }]);
    expect(tasks.attempts()).toEqual([first]);
    // Asked again, and for what it never had.
    tasks.receive({ type: "recall-attempt", ref: second });
    tasks.receive({ type: "recall-attempt", ref: refOf(7) });
    expect(sent).toHaveLength(1);
  });

  it("when the worker drains", async () => {
    describeJob("done");
    tasks.refuseNew();
    expect(await failureOf(refOf(0))).toMatchObject({ blame: "infrastructure" });
  });

  it("when the master has no such bundle", async () => {
    answer = (_request, response) => response.writeHead(404).end();
    describeJob("done");
    expect(await failureOf(refOf(0))).toMatchObject({
      code: "MR_BUNDLE_NOT_FOUND",
      blame: "infrastructure",
    });
    expect(requests).toBe(1);
  });

  it("when the scratch folder cannot be written", async () => {
    fs.writeFileSync(scratchFolder, "not a folder");
    describeJob("done");
    expect(await failureOf(refOf(0))).toMatchObject({ blame: "infrastructure" });
  });
});

describe("a job that is forgotten", () => {
  it("loses its runs, its attempts and its bundle", async () => {
    describeJob("done");
    launch(refOf(3));
    await messages(1);
    describeJob("loop");
    launch(refOf(0));
    const folder = path.join(scratchFolder, scratchPaths.job(fixtureJobId));
    const other = path.join(scratchFolder, "intermediate", "other-20261120-120000-abcd");
    fs.mkdirSync(path.join(folder, "map-00001", "1"), { recursive: true });
    fs.mkdirSync(other, { recursive: true });
    expect(tasks.jobs()).toEqual([fixtureJobId]);
    tasks.receive({ type: "forget-job", jobId: fixtureJobId });
    await tasks.settled();
    expect(tasks.attempts()).toEqual([]);
    expect(tasks.jobs()).toEqual([]);
    expect(fs.existsSync(folder)).toBe(false);
    expect(fs.existsSync(other)).toBe(true);
    expect(fs.existsSync(path.join(scratchFolder, scratchPaths.bundle(sha256)))).toBe(false);
    launch(refOf(2));
    await messages(2);
    expect(sent[1]).toMatchObject({ failure: { code: "MR_PROTOCOL_VIOLATION" } });
  });

  it("can name no folder outside of the jobs", async () => {
    fs.mkdirSync(path.join(scratchFolder, "bundles"), { recursive: true });
    tasks.receive({ type: "forget-job", jobId: "../bundles" });
    await tasks.settled();
    expect(fs.existsSync(path.join(scratchFolder, "bundles"))).toBe(true);
  });
});

describe("when the worker is lost", () => {
  it("cancels what runs, drops reports and removes runs", async () => {
    describeJob("done");
    launch(refOf(0));
    await messages(1);
    const run = path.join(scratchFolder, scratchPaths.run(refOf(0)));
    fs.mkdirSync(path.dirname(run), { recursive: true });
    fs.writeFileSync(run, "a run");
    describeJob("loop");
    launch(refOf(1));
    tasks.loseAll("the lease has run out");
    expect(tasks.attempts()).toEqual([]);
    await tasks.whenIdle();
    await tasks.settled();
    expect(sent).toHaveLength(1);
    expect(fs.existsSync(run)).toBe(false);
  });

  it("is idle only when reports are received", async () => {
    describeJob("done");
    launch(refOf(0));
    let isIdle = false;
    const idle = tasks.whenIdle().then(() => {
      isIdle = true;
    });
    await messages(1);
    expect(isIdle).toBe(false);
    tasks.receive({ type: "report-received", ref: refOf(0), accepted: false });
    await idle;
    expect(isIdle).toBe(true);
  });
});
