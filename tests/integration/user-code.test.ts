import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SubmitChoices } from "#cli/submission";
import { Cluster, jobPath } from "./harness/cluster.js";
import { hasPending } from "./harness/output.js";
import { sorted } from "./harness/sequential.js";
import type { SubmittedJob } from "./harness/submitted-job.js";
import { until } from "./harness/waiting.js";

/** The tests of this file share two workers and run together. */
let cluster: Cluster;
let input = "";
const lines = ["a b", "b c", "here d", "d a", ""];
const expected = ["a\t2", "b\t2", "c\t1", "d\t2", "here\t1"];

beforeAll(async () => {
  cluster = await Cluster.start({
    workers: 2,
    slots: 2,
    environment: { MILLRACE_SLOT_MEMORY: "128MiB", MILLRACE_ATTEMPT_LOG_MAX: "256KiB" },
  });
  input = path.join(cluster.folder, "lines.txt");
  writeFileSync(input, lines.join("\n"));
});
afterAll(() => cluster.stop());

/** Where the number of attempts is not what is looked at. */
const two = { attemptsMax: 2 };

type Params = Record<string, string | number>;

function submit(params: Params, choices: Partial<SubmitChoices> = {}): Promise<SubmittedJob> {
  const shape = { inputs: [input], splitBytes: 1_000, reducers: 2 };
  return cluster.submit("faulty", { ...shape, params, ...choices });
}

/** `file:line` of the first line of a job that holds the text. */
function frameOf(job: string, text: string): string {
  const file = jobPath(job);
  const at = readFileSync(file, "utf8")
    .split("\n")
    .findIndex((line) => line.includes(text));
  return `${file}:${at + 1}:`;
}

async function expectLeftNothing(job: SubmittedJob): Promise<void> {
  expect(existsSync(path.join(job.output, "_SUCCESS"))).toBe(false);
  await until(`no pending part of ${job.id}`, () => !hasPending(job.output));
  expect((await job.view()).attempts.lost).toBe(0);
}

interface Case {
  readonly place: string;
  readonly task: string;
  readonly preview: string | null;
}

describe.concurrent("user code that throws", () => {
  const cases: Case[] = [
    { place: "setup", task: "map-00000", preview: null },
    { place: "map", task: "map-00000", preview: "here d" },
    { place: "partition", task: "map-00000", preview: "here d" },
    { place: "combine", task: "map-00000", preview: 'key "here"' },
    { place: "cleanup", task: "map-00000", preview: null },
    { place: "reduce", task: "reduce-00000", preview: 'key "here"' },
  ];
  it.for(cases)("in $place fails the job after four attempts, and says where", async (each) => {
    const job = await submit({ place: each.place });
    const failure = await job.failed();
    const attempts = await job.attempts(each.place === "reduce" ? "reduce" : "map", 0);
    expect(failure, JSON.stringify(attempts)).toMatchObject({
      code: "MR_USER_CODE_FAILED",
      message: `${each.place === "partition" ? "map" : each.place} failed: RangeError: more than there is`,
      task: each.task,
      attempt: 4,
    });
    expect(failure.userFrame).toContain(frameOf("faulty", "throw new RangeError"));
    expect(failure.stack).toContain("faulty.ts");
    expect(failure.logTail.at(-1)).toBe("about to throw");
    if (each.preview === null) expect(failure.place).toBeNull();
    else expect(failure.place?.preview).toBe(each.preview);
    if (each.place === "map") expect(failure.place).toMatchObject({ location: input, offset: 8 });
    expect((await job.view()).attempts.failed).toBe(4);
    await expectLeftNothing(job);
  });

  it("while it is loaded fails the job the same way", async () => {
    const job = await cluster.submit("broken-module", { inputs: [input] });
    const failure = await job.failed();
    expect(failure.message).toContain("the model is not on this machine");
    expect(failure.userFrame).toContain(frameOf("broken-module", "throw new TypeError"));
    expect(failure.attempt).toBe(4);
    await expectLeftNothing(job);
  });

  it("what is no error fails it too", async () => {
    const failure = await (await submit({ place: "map", how: "reject" }, two)).failed();
    expect(failure.code).toBe("MR_USER_CODE_FAILED");
    expect(failure.message).toContain("undefined");
    expect(failure.place?.preview).toBe("here d");
  });

  it("a partition that there is not fails it at once", async () => {
    const job = await submit({ place: "partition", how: "outside" });
    expect(await job.failed()).toMatchObject({ code: "MR_PARTITION_INVALID", attempt: 1 });
  });

  it("three times out of four: the job succeeds, with counts of one attempt", async () => {
    const job = await submit({ place: "map", attempts: 3 });
    const { attempts } = await job.succeeded();
    expect(attempts).toMatchObject({ failed: 3, lost: 0 });
    expect(sorted(job.lines())).toEqual(expected);
    expect((await job.counters())["map.records.in"]).toBe(4);
  });
});

describe.concurrent("a thread that user code ends", () => {
  it("is a failure that names process.exit and where it was", async () => {
    const job = await submit({ place: "map", how: "exit" }, two);
    const failure = await job.failed();
    expect(failure.code).toBe("MR_USER_CODE_EXITED");
    expect(failure.message).toContain("process.exit(7)");
    expect(failure.logTail.at(-1)).toBe("about to exit");
    expect(failure.place?.location).toBe(input);
    await expectLeftNothing(job);
  });

  it("once is another attempt, and the output is right", async () => {
    for (const place of ["map", "reduce"]) {
      const job = await submit({ place, how: "exit", attempts: 1 });
      expect((await job.succeeded()).attempts).toMatchObject({ failed: 1, lost: 0 });
      expect(sorted(job.lines())).toEqual(expected);
    }
  });

  it("by an endless loop is ended by the task time-out", async () => {
    for (const place of ["map", "reduce"]) {
      const job = await submit({ place, how: "loop" }, { ...two, taskTimeoutMs: 500 });
      const failure = await job.failed();
      expect(failure.code, failure.message).toBe("MR_USER_CODE_STUCK");
      expect(failure.message).toContain("taskTimeoutMs=500");
      expect(failure.logTail.at(-1)).toBe("about to loop");
      await expectLeftNothing(job);
    }
  });

  it.for(["leak", "hoard"])("by a full memory (%s) costs one attempt", async (how) => {
    const job = await submit({ place: "map", how, attempts: 1 });
    await job.succeeded();
    const [first] = await job.attempts("map", 0);
    expect(first?.state).toBe("failed");
    expect(first?.reason).toContain("MILLRACE_SLOT_MEMORY");
    expect(sorted(job.lines())).toEqual(expected);
  });
});

describe.concurrent("a task that prints 100,000 lines", () => {
  it("succeeds, and its log is bounded and readable", async () => {
    const one = path.join(cluster.folder, "one.txt");
    writeFileSync(one, "x\n");
    const job = await cluster.submit("chatty", { inputs: [one], reducers: 1 });
    await job.succeeded();
    expect(job.lines()).toEqual(["x\t1"]);
    const { client } = cluster;
    const { items } = await client.listLogs(job.id);
    expect(items).toMatchObject([{ task: "map-00000", attempt: 1 }]);
    const log = await client.getLog(job.id, "map-00000", 1);
    expect(log.length).toBe(items[0]?.sizeBytes);
    expect(log.length).toBeLessThanOrEqual(256 * 1024);
    expect(log.length).toBeGreaterThan(64 * 1024);
    expect(log.startsWith("line 0 of")).toBe(true);
    expect(log.trimEnd().endsWith("the last line")).toBe(true);
  });
});

describe("after all this", () => {
  it("the same workers run the next job", async () => {
    const job = await submit({});
    await job.succeeded();
    expect(sorted(job.lines())).toEqual(expected);
    const workers = (await cluster.client.listWorkers()).items;
    expect(workers.map(({ state }) => state)).toEqual(["ready", "ready"]);
    expect((await cluster.client.getCluster()).slots).toEqual({ total: 4, used: 0 });
  });
});
