import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Client } from "#shared/client/client";
import { keyKinds } from "#shared/format/key";
import {
  blockHeaderBytes,
  fileHeaderBytes,
  makeMarker,
  sealRecords,
  writeFileHeader,
} from "#shared/format/records-file";
import { isJobId } from "#shared/model/ids";
import type { SourceSpec } from "#shared/model/job";
import {
  bundle,
  bundleSha256,
  makeFolder,
  submissionFor,
  TestMaster,
  TestWorker,
  until,
  writePart,
} from "./cluster.fixture.js";

let folder: string;
let output: string;
let remove: () => Promise<void>;
let master: TestMaster;
let client: Client;
let worker: TestWorker;

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  output = join(folder, "out");
  await restart();
  worker = await TestWorker.join(master.url);
  await client.putBundle(bundleSha256, bundle);
});
afterEach(async () => {
  await worker.close();
  await master.stop();
  await remove();
});

async function restart(): Promise<void> {
  master = await TestMaster.start(join(folder, "data"));
  client = new Client({ baseUrl: master.url, token: null, attemptsMax: 1 });
}

/** A part in Millrace's own format, with values that are null. */
function recordsOf(keys: readonly string[]): Buffer {
  if (keys.length === 0) return Buffer.alloc(0);
  const body = Buffer.concat(
    keys.map((key) =>
      Buffer.concat([Buffer.from([key.length, 1]), Buffer.from(key), Buffer.of(0)]),
    ),
  );
  const marker = makeMarker(body);
  const file = Buffer.alloc(fileHeaderBytes);
  writeFileHeader(file, 0, marker);
  const block = Buffer.concat([Buffer.alloc(blockHeaderBytes), body]);
  const keyKind = keyKinds.string;
  sealRecords(block, marker, {
    keyKind,
    recordCount: keys.length,
    formerBytes: file.length,
    position: file.length,
  });
  const end = Buffer.alloc(blockHeaderBytes);
  sealRecords(end, marker, {
    keyKind,
    recordCount: 0,
    formerBytes: block.length,
    position: file.length + block.length,
  });
  return Buffer.concat([file, block, end]);
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Runs all tasks of the next job: the tasks of the last stage write what is given. */
async function runJob(
  content: (taskIndex: number) => Uint8Array,
  counters: Record<string, number> = {},
) {
  const described = await worker.take("describe-job");
  const { mapTaskCount, partitionCount, spec } = described;
  for (let count = 0; count < mapTaskCount + partitionCount; count++) {
    const { ref } = await worker.take("launch-attempt");
    const writes = ref.stage === "reduce" || !spec.hasReducer;
    const bytes = content(ref.taskIndex);
    worker.done(ref, writes ? await writePart(described.output, ref, bytes) : null, counters);
    await worker.take("report-received");
  }
  return described;
}

const lines = (): SourceSpec => {
  return { name: "lines", inputs: [join(folder, "in")], reader: { kind: "text" } };
};
const former: SourceSpec = { name: "former", inputs: [], reader: { kind: "former" } };
const ended = (id: string) =>
  until(
    () => client.getJob(id),
    (job) => job.endedAt !== null,
  );

describe("a job in total order", () => {
  it("gets its ranges from a sample, and becomes the output alone", async () => {
    const { id, steps } = await client.submitJob(
      submissionFor(folder, { totalOrder: true, partitionCount: 3 }),
    );
    expect(steps.map(({ isSample, status }) => [isSample, status])).toEqual([
      [true, "planning"],
      [false, "pending"],
    ]);
    const letters = ["d", "b", "c", "a"];
    const sampled = await runJob(() => recordsOf(letters));
    expect(sampled).toMatchObject({ partitionCount: 0, spec: { writer: { kind: "records" } } });
    expect(sampled.boundaries).toBeUndefined();
    const sorted = await runJob((index) => Buffer.from(`${index}\n`));
    expect(sorted).toMatchObject({
      partitionCount: 3,
      boundaries: { keyKind: "string", keys: [base64("b"), base64("c")] },
    });
    const done = await ended(id);
    expect(done).toMatchObject({ status: "succeeded", parent: null, stepsLeftOut: 0 });
    expect(done.steps.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    expect((await readdir(output)).toSorted()).toEqual([
      "_SUCCESS",
      "manifest.json",
      "part-00000",
      "part-00001",
      "part-00002",
    ]);
    expect(await readFile(join(output, "part-00002"), "utf8")).toBe("2\n");
    expect(await client.getOutput(id)).toMatchObject({ output, records: 3, parts: { length: 3 } });
  });

  it("has one partition where the sample found no key", async () => {
    await client.submitJob(submissionFor(folder, { totalOrder: true, partitionCount: 3 }));
    await runJob(() => recordsOf([]));
    const sorted = await worker.take("describe-job");
    expect(sorted).toMatchObject({ partitionCount: 1, boundaries: { keyKind: "none", keys: [] } });
  });
});

describe("a job with steps", () => {
  const submission = () =>
    submissionFor(folder, {
      partitionCount: undefined,
      inputs: [],
      steps: [
        { name: "one", hasReducer: false, sources: [lines()] },
        {
          name: "two",
          hasReducer: true,
          partitionCount: 2,
          sources: [former],
          sides: [
            { name: "names", as: "text", inputs: [join(folder, "in", "a.txt")] },
            { name: "old", as: "records", inputs: [], isFormer: true },
          ],
        },
      ],
    });

  it("hands what a step wrote to the next one, and shows where it is", async () => {
    const { id } = await client.submitJob(submission());
    const one = await runJob((index) => recordsOf([`k${index}`]), { "user.kept": 2 });
    expect(isJobId(one.jobId)).toBe(true);
    expect(one.output).toBe(join(output, `_pending-${id}`, "one"));
    const two = await worker.take("describe-job");
    // Its threads stay warm for the next step.
    expect(worker.received.filter(({ type }) => type === "forget-job")).toEqual([]);
    expect(two.spec.stepRun).toMatchObject({ formerCounters: { kept: 2 * one.mapTaskCount } });
    const [names, old] = two.sides ?? [];
    expect(names).toMatchObject([{ location: join(folder, "in", "a.txt"), startByte: 0 }]);
    expect(old).toHaveLength(one.mapTaskCount);
    expect(old?.[0]?.location).toBe(join(one.output, "part-00000"));
    const { work } = await worker.take("launch-attempt");
    expect(work).toMatchObject({ split: { ranges: [{ location: old?.[0]?.location }] } });

    const view = await client.getJob(id);
    expect(view.steps).toMatchObject([
      { name: "one", round: 1, jobId: one.jobId, status: "succeeded" },
      { name: "two", jobId: two.jobId, status: "running", map: { total: two.mapTaskCount } },
    ]);
    expect(view.map.total).toBe(two.mapTaskCount);
    expect((await client.listJobs()).items.map((job) => job.id)).toEqual([id]);
    const runs = await client.listJobs({ parent: id });
    expect(runs.items.map((job) => [job.id, job.parent])).toEqual([
      [two.jobId, id],
      [one.jobId, id],
    ]);
    const tasks = await client.listTasks(id);
    expect(tasks.items).toHaveLength(two.mapTaskCount + 2);
    expect(tasks.note).toContain(`step two, round 1, which is job ${two.jobId}`);
    expect((await client.getCounters(id)).counters["user.kept"]).toBe(2 * one.mapTaskCount);

    await expect(client.cancelJob(two.jobId)).rejects.toMatchObject({
      code: "MR_JOB_IS_STEP",
      message: expect.stringContaining(id) as string,
    });
    await client.cancelJob(id);
    await worker.take("cancel-attempt");
    const done = await ended(id);
    const told = [await worker.take("forget-job"), await worker.take("forget-job")];
    expect(told.map(({ jobId }) => jobId)).toEqual([two.jobId, one.jobId]);
    expect(done).toMatchObject({ status: "cancelled", steps: [{}, { status: "cancelled" }] });
    await until(
      () => readdir(output).catch(() => []),
      (names) => names.length === 0,
    );
  });

  it("runs a step over no records, and gives an empty output", async () => {
    const { id } = await client.submitJob(submission());
    await runJob(() => recordsOf([]));
    const two = await runJob(() => Buffer.alloc(0));
    expect(two).toMatchObject({ mapTaskCount: 0, partitionCount: 2 });
    expect(await ended(id)).toMatchObject({ status: "succeeded" });
    expect(await client.getOutput(id)).toMatchObject({ bytes: 0, parts: { length: 2 } });
  });

  it("goes on after a restart of the master, and with the failure of a step it fails", async () => {
    const { id } = await client.submitJob(submission());
    await runJob((index) => recordsOf([`k${index}`]));
    await worker.take("describe-job");
    await worker.close();
    await master.stop();
    await restart();
    worker = await TestWorker.join(master.url, { processId: "p2" });
    const { ref } = await worker.take("launch-attempt");
    worker.send({
      type: "attempt-failed",
      ref,
      failure: {
        code: "MR_USER_CODE_FAILED",
        message: "no luck",
        blame: "user",
        userFrame: null,
        stack: null,
        place: null,
        logTail: [],
        permanent: true,
      },
    });
    const { status, failure } = await ended(id);
    expect(status).toBe("failed");
    expect(failure).toMatchObject({ message: "step two: no luck", jobId: ref.jobId });
    await until(
      () => readdir(output).catch(() => []),
      (names) => names.length === 0,
    );
  });

  it("is planned step by step, as far as its inputs are there", async () => {
    const plan = await client.plan(submission());
    expect(plan).toMatchObject({ fileCount: 3, partitionCount: 0 });
    expect(plan.steps).toMatchObject([
      { name: "one", hasSample: false, roundsMax: 1, plan: { fileCount: 3 }, note: null },
      { name: "two", plan: null, note: expect.stringContaining("does not exist yet") as string },
    ]);
    const sorted = await client.plan(submissionFor(folder, { totalOrder: true }));
    expect(sorted.steps).toMatchObject([{ name: "wordcount", hasSample: true, plan: {} }]);
    expect((await client.plan(submissionFor(folder))).steps).toEqual([]);
  });
});
