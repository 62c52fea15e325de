import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Client } from "#shared/client/client";
import {
  bundle,
  bundleSha256,
  makeFolder,
  submissionFor,
  TestMaster,
  TestWorker,
  until,
  writePart,
  type MasterOptions,
  type WorkerOptions,
} from "./cluster.fixture.js";

let folder: string;
let output: string;
let remove: () => Promise<void>;
let master: TestMaster;
let client: Client;
let workers: TestWorker[];

async function start(options: MasterOptions = {}): Promise<void> {
  master = await TestMaster.start(join(folder, "data"), options);
  client = new Client({ baseUrl: master.url, token: options.token ?? null, attemptsMax: 1 });
  await client.putBundle(bundleSha256, bundle);
}
async function enter(options: WorkerOptions = {}): Promise<TestWorker> {
  const worker = await TestWorker.join(master.url, options);
  workers.push(worker);
  return worker;
}
function workerState(workerId: string): Promise<string> {
  return client.getWorker(workerId).then(
    (view) => view.state,
    () => "unknown",
  );
}

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  output = join(folder, "out");
  workers = [];
});
afterEach(async () => {
  for (const worker of workers) await worker.close();
  await master.stop();
  await remove();
});

describe("a connection of a worker", () => {
  it("is refused without the token, with another one, from a browser, or elsewhere", async () => {
    await start({ token: "a-long-secret" });
    const authorization = "Bearer a-long-secret";
    await expect(TestWorker.connect(master.url)).rejects.toThrow("401");
    const wrong = { authorization: "Bearer a-long-guess" };
    await expect(TestWorker.connect(master.url, wrong)).rejects.toThrow("403");
    const browser = { authorization, origin: master.url };
    await expect(TestWorker.connect(master.url, browser)).rejects.toThrow("403");
    const elsewhere = TestWorker.connect(`${master.url}/other`, { authorization });
    await expect(elsewhere).rejects.toThrow("404");
    const worker = await enter({ token: "a-long-secret" });
    expect(await worker.take("registered")).toMatchObject({ heartbeatMs: 50, leaseMs: 5_000 });
  });

  it("is rejected with a reason when the worker speaks another version", async () => {
    await start();
    const worker = await enter({ version: 99 });
    expect(await worker.take("rejected")).toMatchObject({ code: "MR_PROTOCOL_VERSION" });
    expect(await worker.closed).toBe(4001);
  });

  it("must begin with register", async () => {
    await start();
    const worker = await TestWorker.connect(master.url);
    workers.push(worker);
    worker.send({ type: "draining" });
    expect(await worker.take("rejected")).toMatchObject({ code: "MR_PROTOCOL_VIOLATION" });
  });

  it("is closed after a frame that is no message, and the worker may come back", async () => {
    await start();
    const worker = await enter();
    await worker.take("registered");
    worker.socket.send("{}");
    expect(await worker.closed).toBe(4000);
    const again = await enter({ resume: 1 });
    expect((await again.take("registered")).incarnation).toBe(1);
  });

  it("gives way to a newer one of the same worker", async () => {
    await start();
    const worker = await enter();
    await worker.take("registered");
    const again = await enter({ resume: 1 });
    await again.take("registered");
    expect(await worker.closed).toBe(4002);
    expect(await workerState("w1")).toBe("ready");
  });

  it("gets sign of life", async () => {
    await start();
    const worker = await enter();
    await new Promise((resolve) => worker.socket.once("ping", resolve));
  });
});

describe("a worker", () => {
  it("that is silent past its lease is lost, and its attempt runs elsewhere", async () => {
    await start({ leaseMs: 300 });
    const worker = await enter();
    const { id } = await client.submitJob(submissionFor(folder));
    const { ref } = await worker.take("launch-attempt");
    // Neither messages nor answers to pings: as if the process were stopped.
    worker.socket.pause();
    await until(
      () => workerState("w1"),
      (state) => state === "lost",
    );
    const other = await enter({ workerId: "w2" });
    expect((await other.take("launch-attempt")).ref).toEqual({ ...ref, attempt: 2 });
    const [first] = (await client.listAttempts(id, ref.stage, ref.taskIndex)).items;
    expect(first).toMatchObject({ state: "lost", worker: "w1" });
    expect(first?.reason).toContain("silent for");
  });

  it("that answers pings is not lost", async () => {
    await start({ leaseMs: 300 });
    const worker = await enter();
    await worker.take("registered");
    const untilMs = performance.now() + 900;
    await until(
      () => performance.now(),
      (nowMs) => nowMs > untilMs,
    );
    expect(await workerState("w1")).toBe("ready");
  });

  it("whose connection breaks keeps its attempt when it comes back in time", async () => {
    await start();
    const worker = await enter();
    await client.submitJob(submissionFor(folder));
    const { ref } = await worker.take("launch-attempt");
    await worker.close();
    const again = await enter({ resume: 1, attempts: [ref] });
    expect((await again.take("registered")).incarnation).toBe(1);
    again.done(ref, null);
    expect((await again.take("report-received")).accepted).toBe(true);
  });

  it("that comes back without its attempt has lost it", async () => {
    await start();
    const worker = await enter();
    await client.submitJob(submissionFor(folder));
    const { ref } = await worker.take("launch-attempt");
    await worker.close();
    const again = await enter({ resume: 1 });
    expect((await again.take("launch-attempt")).ref).toEqual({ ...ref, attempt: 2 });
  });

  it("in a new process is a new incarnation; what the former one did is fenced", async () => {
    await start();
    const worker = await enter();
    const { id } = await client.submitJob(submissionFor(folder));
    const { mapTaskCount } = await worker.take("describe-job");
    await worker.work(output, mapTaskCount);
    const { ref } = await worker.take("launch-attempt");
    expect(ref.stage).toBe("reduce");
    await worker.close();

    const again = await enter({ processId: "p2" });
    expect((await again.take("registered")).incarnation).toBe(2);
    // Its runs went with the process, so the maps run again.
    expect((await again.take("launch-attempt")).ref).toMatchObject({ stage: "map", attempt: 2 });
    again.done(ref, await writePart(output, ref));
    expect(await again.take("report-received")).toMatchObject({ ref, accepted: false });
    expect(await client.getMetrics()).toContain("mapreduce_reports_fenced_total 1");
    expect((await client.getJob(id)).attempts.lost).toBe(mapTaskCount + 1);
  });

  it("that leaves is lost at once", async () => {
    await start();
    const worker = await enter();
    await worker.take("registered");
    worker.send({ type: "leaving" });
    await until(
      () => workerState("w1"),
      (state) => state === "lost",
    );
  });

  it("that drains gets nothing new and is let go when nobody needs its runs", async () => {
    await start();
    const worker = await enter();
    await client.submitJob(submissionFor(folder));
    const { ref } = await worker.take("launch-attempt");
    worker.send({ type: "draining" });
    worker.done(ref, null);
    await worker.take("report-received");
    const other = await enter({ workerId: "w2" });
    const { mapTaskCount } = await other.take("describe-job");
    await other.work(output, mapTaskCount - 1);
    expect(worker.received.some((message) => message.type === "leave")).toBe(false);
    await other.work(output, 2);
    await worker.take("leave");
    expect(worker.received.some((message) => message.type === "launch-attempt")).toBe(false);
  });

  it("that comes back after jobs ended is told to forget them", async () => {
    await start();
    const worker = await enter();
    const { id } = await client.submitJob(submissionFor(folder));
    await worker.take("launch-attempt");
    await worker.close();
    await client.cancelJob(id);
    const again = await enter({ resume: 1 });
    expect((await again.take("forget-job")).jobId).toBe(id);
  });

  it("that says which jobs it knows is told to forget those that are over, and no others", async () => {
    await start();
    const worker = await enter();
    const done = await client.submitJob(submissionFor(folder));
    await worker.take("launch-attempt");
    await client.cancelJob(done.id);
    const change = { name: "other", output: join(folder, "out2") };
    const { id } = await client.submitJob(submissionFor(folder, change));
    await worker.take("describe-job");
    await worker.close();
    const again = await enter({ resume: 1, jobs: [id, "gone-20260101-000000-aaaa"] });
    expect((await again.take("forget-job")).jobId).toBe("gone-20260101-000000-aaaa");
    await client.cancelJob(id);
    expect((await again.take("forget-job")).jobId).toBe(id);
  });

  it("whose task fails gets it again until the job fails with the cause", async () => {
    await start();
    const worker = await enter();
    // One map and no reduce, so that nothing else takes the slot meanwhile.
    const { partitionCount: _count, ...submission } = submissionFor(folder, {
      attemptsMax: 2,
      hasReducer: false,
      inputs: [join(folder, "in", "a.txt")],
      splitBytes: 1_000,
    });
    const { id } = await client.submitJob(submission);
    for (const attempt of [1, 2]) {
      const { ref } = await worker.take("launch-attempt");
      expect(ref.attempt).toBe(attempt);
      worker.send({
        type: "attempt-failed",
        ref,
        failure: {
          code: "MR_USER_CODE_FAILED",
          message: "boom",
          blame: "user",
          userFrame: "job.ts:3:9",
          stack: null,
          place: null,
          logTail: ["last words"],
          permanent: false,
        },
      });
    }
    const job = await until(
      () => client.getJob(id),
      (view) => view.status === "failed",
    );
    expect(job.failure).toMatchObject({
      code: "MR_USER_CODE_FAILED",
      attempt: 2,
      worker: "w1",
      userFrame: "job.ts:3:9",
      logTail: ["last words"],
    });
  });
});

describe("compression of runs", () => {
  it("is on once a worker is on another machine", async () => {
    await start();
    const worker = await TestWorker.connect(master.url);
    workers.push(worker);
    worker.send({
      type: "register",
      protocolVersion: 1,
      workerId: "far",
      processId: "p1",
      resume: null,
      slots: 1,
      slotMemoryBytes: 1 << 29,
      runAddress: "http://10.0.0.7:9000",
      version: "test",
      attempts: [],
    });
    await client.submitJob(submissionFor(folder));
    expect((await worker.take("describe-job")).compression).toBe("lz4");
  });
});
