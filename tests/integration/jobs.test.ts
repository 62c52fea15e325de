import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { writeText } from "./harness/input.js";
import { checkFinished, hasPending, readParts } from "./harness/output.js";
import { countWords, sorted } from "./harness/sequential.js";
import { until } from "./harness/waiting.js";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 1, slots: 2 });
});
afterEach(() => cluster.settle());
afterAll(() => cluster.stop());

describe("two jobs at once", () => {
  it("share the slots: what comes later does not wait for all of the first", async () => {
    const [first, second] = [cluster.gates(), cluster.gates()];
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 6, 50);
    const options = { inputs: [folder], splitBytes, reducers: 2, params: { hold: "map-0,map-1" } };
    const long = await cluster.submit("words", { ...options, gates: first });
    await first.marked("map-0.1", "map-1.1");
    const short = await cluster.submit("words", { ...options, gates: second });
    await until("the second job planned", async () => (await short.view()).map.total > 0);
    expect(second.marks()).toEqual([]);
    first.open("map-0");
    await second.marked("map-0.1");
    // One slot each; the first job has four maps that could run.
    expect(sorted(first.marks())).toEqual(["map-0.1", "map-1.1"]);
    expect(await cluster.client.getCluster()).toMatchObject({ slots: { total: 2, used: 2 } });
    second.open("map-0", "map-1");
    first.open("map-1");
    await Promise.all([long.succeeded(), short.succeeded()]);
    expect(sorted(long.lines())).toEqual(countWords(files));
    expect(sorted(short.lines())).toEqual(countWords(files));
  });
});

describe("a job that is cancelled", () => {
  it("frees its slots and leaves no output", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 3, 20);
    const params = { hold: "map-1,map-2" };
    const job = await cluster.submit("upper", { inputs: [folder], splitBytes, params, gates });
    await gates.marked("map-1.1", "map-2.1");
    await job.taskDone("map", 0);
    const pending = path.join(job.output, `_pending-${job.id}`);
    expect(readdirSync(pending).filter((name) => name.startsWith("map-00000.1"))).toHaveLength(1);

    await cluster.client.cancelJob(job.id);
    const { status } = await job.ended();
    expect(status).toBe("cancelled");
    await until("slots free", async () => (await cluster.client.getCluster()).slots.used === 0);
    await until("pending output removed", () => !existsSync(pending));
    expect(existsSync(path.join(job.output, "_SUCCESS"))).toBe(false);
    const left = path.join(cluster.scratchFolder("w1"), "intermediate", job.id);
    await until("runs removed", () => !existsSync(left));

    const next = await cluster.submit("words", { inputs: [folder], splitBytes });
    await next.succeeded();
    expect(sorted(next.lines())).toEqual(countWords(files));
    expect(gates.marks().filter((mark) => mark.endsWith(".2"))).toEqual([]);
  });

  it("in its reduces ends them too; a second cancel and a late one change nothing", async () => {
    const gates = cluster.gates();
    const { folder, splitBytes } = writeText(cluster.path("in"), 2, 20);
    const options = {
      inputs: [folder],
      splitBytes,
      reducers: 2,
      params: { hold: "reduce" },
      gates,
    };
    const job = await cluster.submit("words", options);
    await gates.marked("reduce-0.1", "reduce-1.1");
    await Promise.all([1, 2].map(() => cluster.client.cancelJob(job.id)));
    expect((await job.ended()).status).toBe("cancelled");
    await until("slots free", async () => (await cluster.client.getCluster()).slots.used === 0);
    expect((await job.view()).attempts).toEqual({ running: 0, failed: 0, lost: 0 });
    await until("no output folder content", () => {
      return !existsSync(job.output) || readdirSync(job.output).length === 0;
    });
  });
});

describe("an output that exists", () => {
  it("is refused, and replaced as a whole when that is wanted", async () => {
    const old = writeText(cluster.path("old"), 3, 60);
    const output = cluster.path("out");
    const options = { splitBytes: old.splitBytes, output };
    const first = await cluster.submit("words", { ...options, inputs: [old.folder], reducers: 5 });
    await first.succeeded();
    expect(readParts(output)).toHaveLength(5);
    writeFileSync(path.join(output, "_notes"), "ours\n");

    const fresh = writeText(cluster.path("fresh"), 2, 10);
    const again = { ...options, inputs: [fresh.folder], reducers: 2 };
    const refused = cluster.submit("words", again);
    await expect(refused).rejects.toMatchObject({ code: "MR_OUTPUT_EXISTS", kind: "conflict" });
    expect(sorted(first.lines())).toEqual(countWords(old.files));

    const second = await cluster.submit("words", { ...again, overwrite: true });
    await second.succeeded();
    checkFinished(output);
    expect(readParts(output)).toHaveLength(2);
    expect(sorted(second.lines())).toEqual(countWords(fresh.files));
    expect(existsSync(path.join(output, "_notes"))).toBe(true);
  });

  it("stays as it was when the job that should replace it fails", async () => {
    const old = writeText(cluster.path("old"), 1, 20);
    const output = cluster.path("out");
    const first = await cluster.submit("words", { inputs: [old.folder], output });
    await first.succeeded();
    const before = readParts(output);
    const input = cluster.path("here.txt");
    writeFileSync(input, "here\n");
    const job = await cluster.submit("faulty", {
      inputs: [input],
      output,
      overwrite: true,
      params: { place: "reduce" },
    });
    await job.failed();
    await until("no pending part", () => !hasPending(output));
    checkFinished(output);
    expect(readParts(output)).toEqual(before);
  });
});

describe("a cluster without workers", () => {
  it("says what a job waits for, and runs it when one comes", async () => {
    const alone = await Cluster.start({ workers: 0 });
    try {
      const { folder, files, splitBytes } = writeText(alone.path("in"), 2, 20);
      const job = await alone.submit("words", { inputs: [folder], splitBytes });
      const waits = await until("why it waits", async () => (await job.view()).waitingFor);
      expect(waits).toContain("none is registered");
      await alone.startWorker("w1");
      await job.succeeded();
      expect(sorted(job.lines())).toEqual(countWords(files));
    } finally {
      await alone.stop();
    }
  });
});
