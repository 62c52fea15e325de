import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Client } from "#shared/client/client";
import { attemptName } from "#shared/model/ids";
import {
  bundle,
  bundleSha256,
  makeFolder,
  submissionFor,
  TestMaster,
  TestWorker,
  until,
  type MasterOptions,
} from "./cluster.fixture.js";

let folder: string;
let output: string;
let remove: () => Promise<void>;
let master: TestMaster;
let client: Client;
let workers: TestWorker[];

async function start(options: MasterOptions = {}): Promise<void> {
  master = await TestMaster.start(join(folder, "data"), options);
  client = new Client({ baseUrl: master.url, token: null, attemptsMax: 1 });
}
async function join1(options: Parameters<typeof TestWorker.join>[1] = {}): Promise<TestWorker> {
  const worker = await TestWorker.join(master.url, options);
  workers.push(worker);
  return worker;
}

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  output = join(folder, "out");
  workers = [];
  await start();
  await client.putBundle(bundleSha256, bundle);
});
afterEach(async () => {
  for (const worker of workers) await worker.close();
  await master.stop();
  await remove();
});

describe("a job through REST and the worker protocol", () => {
  it("is described once, mapped, reduced and committed", async () => {
    const worker = await join1();
    const { incarnation } = await worker.take("registered");
    expect(incarnation).toBe(1);
    const { id, status } = await client.submitJob(submissionFor(folder));
    expect(status).toBe("planning");
    const described = await worker.take("describe-job");
    expect(described).toMatchObject({ jobId: id, output, partitionCount: 2, compression: "none" });

    const attempts = await worker.work(output, described.mapTaskCount + 2);
    await worker.take("forget-job");
    expect(worker.received.filter((each) => each.type === "describe-job")).toEqual([]);

    const job = await client.getJob(id);
    expect(job.status).toBe("succeeded");
    expect(job.map).toMatchObject({ total: described.mapTaskCount, fraction: 1 });
    expect(job.reduce).toMatchObject({ total: 2, done: 2, pending: 0 });
    expect((await readdir(output)).toSorted()).toEqual([
      "_SUCCESS",
      "manifest.json",
      "part-00000",
      "part-00001",
    ]);
    expect(await readFile(join(output, "part-00001"), "utf8")).toBe("partition 1\n");

    const { parts, records } = await client.getOutput(id);
    expect(parts.map((part) => part.name)).toEqual(["part-00000", "part-00001"]);
    expect(records).toBe(2);
    const { counters } = await client.getCounters(id);
    expect(counters).toEqual({
      "map.records": described.mapTaskCount,
      "reduce.records": 2,
    });
    const tasks = await client.listTasks(id);
    expect(tasks.items).toHaveLength(attempts.length);
    expect(tasks.items.every((task) => task.state === "done" && task.worker === "w1")).toBe(true);
    const [first] = (await client.listAttempts(id, "map", 0)).items;
    expect(first).toMatchObject({ name: "map-00000.1", state: "done", fraction: 1, worker: "w1" });
  });

  it("shows what heartbeats report, and forgets it with the attempt", async () => {
    const worker = await join1();
    const { id } = await client.submitJob(submissionFor(folder));
    const { ref } = await worker.take("launch-attempt");
    worker.send({
      type: "heartbeat",
      rssBytes: 77,
      attempts: [{ ref, fraction: 0.5, counters: {} }],
    });
    const seen = await until(
      () => client.getWorker("w1"),
      (view) => view.rssBytes === 77,
    );
    expect(seen.attempts).toEqual([{ jobId: id, task: "map-00000", attempt: 1, fraction: 0.5 }]);
    expect(seen).toMatchObject({ state: "ready", slots: 1, slotsUsed: 1 });
    expect((await client.getJob(id)).map.fraction).toBeGreaterThan(0);
    worker.done(ref, null);
    await worker.take("report-received");
    const [task] = (await client.listTasks(id, { stage: "map", limit: 1 })).items;
    expect(task).toMatchObject({ state: "done", fraction: 1 });
  });

  it("goes on after a restart of the master, without repeating finished maps", async () => {
    const worker = await join1();
    const { id } = await client.submitJob(submissionFor(folder, { splitBytes: 8 }));
    const { mapTaskCount } = await worker.take("describe-job");
    expect(mapTaskCount).toBeGreaterThan(1);
    const [first] = await worker.work(output, 1);
    const second = await worker.take("launch-attempt");
    await master.stop();
    await start();

    expect((await client.getJob(id)).status).toBe("running");
    const again = await join1({ resume: 1, attempts: [second.ref] });
    expect((await again.take("registered")).incarnation).toBe(1);
    again.done(second.ref, null);
    expect((await again.take("report-received")).accepted).toBe(true);
    const rest = await again.work(output, mapTaskCount - 2 + 2);
    expect(rest.map(attemptName)).not.toContain(attemptName(first ?? second.ref));
    const job = await until(
      () => client.getJob(id),
      (view) => view.status === "succeeded",
    );
    expect(job.attempts).toEqual({ running: 0, failed: 0, lost: 0 });
  });

  it("commits after a restart what was done before it", async () => {
    const worker = await join1();
    const { id } = await client.submitJob(submissionFor(folder));
    const { mapTaskCount } = await worker.take("describe-job");
    await worker.work(output, mapTaskCount + 2);
    await master.stop();
    await start();
    const job = await until(
      () => client.getJob(id),
      (view) => view.status === "succeeded",
    );
    expect(job.failure).toBeNull();
    expect(await readdir(output)).toContain("_SUCCESS");
  });

  it("fails with the probable cause when the input is not there", async () => {
    const inputs = [join(folder, "nothing-here")];
    const { id } = await client.submitJob(submissionFor(folder, { inputs }));
    const job = await until(
      () => client.getJob(id),
      (view) => view.status === "failed",
    );
    expect(job.failure).toMatchObject({ code: "MR_INPUT_NOT_FOUND", task: null });
    expect(job.failure?.message).toContain("nothing-here");
    await expect(client.getOutput(id)).rejects.toMatchObject({ code: "MR_JOB_ENDED" });
  });

  it("is cancelled: attempts end, traces go", async () => {
    const worker = await join1();
    const { id } = await client.submitJob(submissionFor(folder));
    const { ref } = await worker.take("launch-attempt");
    expect((await client.cancelJob(id)).status).toBe("cancelled");
    expect((await worker.take("cancel-attempt")).ref).toEqual(ref);
    expect((await worker.take("forget-job")).jobId).toBe(id);
    expect((await client.cancelJob(id)).status).toBe("cancelled");
    worker.done(ref, null);
    expect((await worker.take("report-received")).accepted).toBe(false);
  });

  it("says what it waits for when there is no worker", async () => {
    const { id } = await client.submitJob(submissionFor(folder));
    const job = await until(
      () => client.getJob(id),
      (view) => view.status === "running",
    );
    expect(job.waitingFor).toContain("worker");
  });
});

describe("finished jobs", () => {
  it("are forgotten beyond the retention, oldest first, with their logs", async () => {
    await master.stop();
    await start({ retentionJobs: 2 });
    const ids: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      const inputs = [join(folder, `missing-${index}`)];
      const { id } = await client.submitJob(submissionFor(folder, { inputs }));
      ids.push(id);
      await until(
        async () => (await client.listJobs({ status: "planning" })).items.length,
        (count) => count === 0,
      );
    }
    const { items } = await until(
      () => client.listJobs(),
      (page) => page.items.length === 2,
    );
    expect(items.map((job) => job.id)).toEqual([ids[3], ids[2]]);
    await expect(client.getJob(ids[0] ?? "")).rejects.toMatchObject({ code: "MR_JOB_NOT_FOUND" });
    expect(await client.getMetrics()).toContain('mapreduce_jobs_count{status="failed"} 2');
  });
});
