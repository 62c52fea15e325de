import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Client } from "#shared/client/client";
import {
  bundle,
  bundleSha256,
  makeFolder,
  submissionFor,
  TestMaster,
  TestWorker,
} from "./cluster.fixture.js";

let folder: string;
let output: string;
let remove: () => Promise<void>;
let master: TestMaster;
let worker: TestWorker;
let client: Client;

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  output = join(folder, "out");
});
afterEach(async () => {
  await worker.close();
  await master.stop();
  await remove();
});

/** Runs a job to its end on a master whose ended jobs keep so many attempts. @returns its id */
async function runJob(endedAttemptsMax: number): Promise<string> {
  const schedule = { endedAttemptsMax };
  master = await TestMaster.start(join(folder, "data"), { schedule });
  client = new Client({ baseUrl: master.url, token: null, attemptsMax: 1 });
  await client.putBundle(bundleSha256, bundle);
  worker = await TestWorker.join(master.url);
  const { id } = await client.submitJob(submissionFor(folder));
  const { mapTaskCount } = await worker.take("describe-job");
  await worker.work(output, mapTaskCount + 2);
  await worker.take("forget-job");
  return id;
}

it("a small job that ended lists its tasks, attempts and parts", async () => {
  const id = await runJob(100);
  const { items, note } = await client.listTasks(id, { stage: "map" });
  expect(items[0]).toMatchObject({ state: "done", attempts: 1, worker: "w1" });
  expect(items[0]?.inputBytes).toBeGreaterThan(0);
  expect(note).toBeUndefined();
  expect((await client.listAttempts(id, "map", 0)).items).toHaveLength(1);
  expect((await client.getOutput(id)).parts).toHaveLength(2);
});

it("a large job that ended says that lists are short, and finds its parts in the output", async () => {
  const id = await runJob(1);
  const { map, reduce } = await client.getJob(id);
  expect([map.done, reduce.done]).toEqual([map.total, 2]);
  const tasks = await client.listTasks(id);
  expect(tasks.items).toEqual([]);
  expect(tasks.note).toContain("only tasks that had trouble are kept");
  expect((await client.listAttempts(id, "map", 0)).note).toBe(tasks.note);
  const { parts, records } = await client.getOutput(id);
  expect(parts.map(({ name, records }) => [name, records])).toEqual([
    ["part-00000", 1],
    ["part-00001", 1],
  ]);
  expect(records).toBe(2);
  expect((await client.getCounters(id)).counters).toMatchObject({ "reduce.records": 2 });
  await rm(join(output, "manifest.json"));
  await expect(client.getOutput(id)).rejects.toMatchObject({ code: "MR_OBJECT_NOT_FOUND" });
});
