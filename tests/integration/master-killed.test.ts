import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "./harness/cluster.js";
import type { Gates } from "./harness/gates.js";
import { writeText, type TextInput } from "./harness/input.js";
import { readParts } from "./harness/output.js";
import { countWords, sorted } from "./harness/sequential.js";
import type { SubmittedJob } from "./harness/submitted-job.js";
import { until, untilAtOnce } from "./harness/waiting.js";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 2, slots: 2 });
});
afterEach(() => cluster.settle());
afterAll(() => cluster.stop());

interface Held {
  readonly job: SubmittedJob;
  readonly gates: Gates;
  readonly text: TextInput;
}

async function submitHeld(
  hold: string,
  options: { fileCount: number; reducers: number; output?: string; overwrite?: boolean },
): Promise<Held> {
  const { fileCount, ...rest } = options;
  const gates = cluster.gates();
  const text = writeText(cluster.path("in"), fileCount);
  const { folder, splitBytes } = text;
  const job = await cluster.submit("words", {
    inputs: [folder],
    splitBytes,
    params: { hold },
    gates,
    ...rest,
  });
  return { job, gates, text };
}

async function killAndRestart(): Promise<void> {
  const { signal } = await cluster.master.kill("SIGKILL");
  expect(signal).toBe("SIGKILL");
  await cluster.startMaster();
}

/** Nothing was repeated: the workers lived on, and what was done stays done. */
async function expectEachOnce({ job, gates, text }: Held): Promise<void> {
  const { map, reduce, attempts } = await job.succeeded();
  expect(attempts).toEqual({ running: 0, failed: 0, lost: 0 });
  expect(gates.marks()).toHaveLength(map.total + reduce.total);
  expect(sorted(job.lines())).toEqual(countWords(text.files));
}

/** Lets the last reduce go and ends the master in the commit that follows, then starts it again. */
async function endInCommit(
  signal: "SIGKILL" | "SIGTERM",
  submit: () => Promise<{ held: Held; isUnderWay: () => boolean }>,
): Promise<Held> {
  // A commit takes some ten milliseconds: where this process slept that long it tries again.
  for (let tries = 0; tries < 10; tries++) {
    const { held, isUnderWay } = await submit();
    await until("all reduces but one", async () => {
      const { reduce } = await held.job.view();
      return reduce.total > 0 && reduce.done === reduce.total - 1;
    });
    expect(isUnderWay()).toBe(false);
    held.gates.open("reduce-0");
    untilAtOnce("the commit under way", isUnderWay);
    const isInTime = (): boolean =>
      isUnderWay() && !existsSync(path.join(held.job.output, "_SUCCESS"));
    cluster.master.signal(signal);
    // One that is told to stop may still end the commit that it is in.
    const wasToldInTime = isInTime();
    const ending = await cluster.master.ended();
    if (signal === "SIGTERM") expect(ending).toEqual({ exitCode: 0, signal: null });
    const wasInTime = signal === "SIGTERM" ? wasToldInTime : isInTime();
    await cluster.startMaster();
    if (wasInTime) return held;
  }
  throw new Error("the master was never ended in time");
}

describe("a master that is killed and started again on its folder", () => {
  it("during the maps: repeats none, neither the done nor the running ones", async () => {
    const held = await submitHeld("map-1,map-2", { fileCount: 4, reducers: 2 });
    await held.gates.marked("map-1.1", "map-2.1");
    await held.job.taskDone("map", 0);
    await held.job.taskDone("map", 3);
    await killAndRestart();
    expect((await held.job.view()).map).toMatchObject({ total: 4, done: 2 });
    held.gates.open("map-1", "map-2");
    await expectEachOnce(held);
  });

  it("during the shuffle: reduces wait for the maps that still run", async () => {
    const held = await submitHeld("map-1", { fileCount: 3, reducers: 2 });
    await held.job.taskDone("map", 0);
    await held.job.taskDone("map", 2);
    await until("a reduce that fetches", async () => (await held.job.view()).reduce.running > 0);
    await killAndRestart();
    const { map, reduce } = await held.job.view();
    expect(map.done).toBe(2);
    expect(reduce.done).toBe(0);
    held.gates.open("map-1");
    await expectEachOnce(held);
  });

  it("during the reduces: repeats none, and no map", async () => {
    const held = await submitHeld("reduce-1", { fileCount: 3, reducers: 3 });
    await held.gates.marked("reduce-1.1");
    await held.job.taskDone("reduce", 0);
    await killAndRestart();
    held.gates.open("reduce-1");
    await expectEachOnce(held);
  });

  it("twice in one job, with reports that come while it is away", async () => {
    const held = await submitHeld("map-1,reduce-0", { fileCount: 2, reducers: 2 });
    await held.gates.marked("map-1.1");
    await cluster.master.kill("SIGKILL");
    held.gates.open("map-1");
    await cluster.startMaster();
    await held.gates.marked("reduce-0.1");
    await cluster.master.kill("SIGKILL");
    held.gates.open("reduce-0");
    await cluster.startMaster();
    await expectEachOnce(held);
  });

  it("during the commit: goes on with it, over an older output too", async () => {
    const held = await endInCommit("SIGKILL", async () => {
      const output = cluster.path("committed");
      mkdirSync(output);
      for (let index = 0; index < 800; index++) {
        writeFileSync(path.join(output, `part-${String(index).padStart(5, "0")}`), "old\n");
      }
      writeFileSync(path.join(output, "_SUCCESS"), "");
      writeFileSync(path.join(output, "notes.txt"), "of somebody else\n");
      const options = { fileCount: 2, reducers: 60, output, overwrite: true };
      const held = await submitHeld("reduce-0", options);
      const success = path.join(output, "_SUCCESS");
      return { held, isUnderWay: () => !existsSync(success) };
    });
    await expectEachOnce(held);
    expect(readParts(held.job.output)).toHaveLength(60);
    expect(existsSync(path.join(held.job.output, "notes.txt"))).toBe(true);
  });

  it("while it moves the parts: ends with each in its place", async () => {
    const held = await endInCommit("SIGKILL", async () => {
      const held = await submitHeld("reduce-0", { fileCount: 2, reducers: 100 });
      const first = path.join(held.job.output, "part-00000");
      return { held, isUnderWay: () => existsSync(first) };
    });
    await expectEachOnce(held);
    expect(readParts(held.job.output)).toHaveLength(100);
  });

  it("told to stop while it moves the parts: ends in peace, and the job succeeds", async () => {
    const held = await endInCommit("SIGTERM", async () => {
      const held = await submitHeld("reduce-0", { fileCount: 2, reducers: 100 });
      const first = path.join(held.job.output, "part-00000");
      return { held, isUnderWay: () => existsSync(first) };
    });
    await expectEachOnce(held);
    expect(readParts(held.job.output)).toHaveLength(100);
  });

  it("together with all workers: the job ends all the same", async () => {
    const held = await submitHeld("map-1.1", { fileCount: 4, reducers: 2 });
    await held.gates.marked("map-1.1");
    await held.job.taskDone("map", 0);
    const programs = [cluster.master, cluster.worker("w1"), cluster.worker("w2")];
    await Promise.all(programs.map((program) => program.kill("SIGKILL")));
    await cluster.startMaster();
    await Promise.all(["w1", "w2"].map((name) => cluster.startWorker(name)));
    const { attempts } = await held.job.succeeded();
    expect(attempts.lost).toBeGreaterThan(0);
    expect(sorted(held.job.lines())).toEqual(countWords(held.text.files));
  });
});
