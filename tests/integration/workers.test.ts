import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { attemptName } from "#shared/model/ids";
import { Cluster, shortLease } from "./harness/cluster.js";
import { writeText } from "./harness/input.js";
import { countWords, sorted } from "./harness/sequential.js";
import { until } from "./harness/waiting.js";
import { Zombie } from "./harness/zombie.js";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 3, environment: shortLease });
});
afterAll(() => cluster.stop());

/** Whatever a test did to them: three workers that are ready. */
afterEach(async () => {
  await cluster.settle();
  for (const name of ["w1", "w2", "w3"]) {
    if (!cluster.worker(name).isRunning) await cluster.startWorker(name);
  }
  await until("three workers", async () => (await cluster.client.getCluster()).workers === 3);
});

describe("a worker", () => {
  it("frozen past its lease: what it held runs elsewhere, and it comes too late", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 3);
    const params = { hold: "reduce-0.1,reduce-1" };
    const options = { inputs: [folder], splitBytes, reducers: 2, params, gates };
    const job = await cluster.submit("words", options);
    await gates.marked("reduce-0.1", "reduce-1.1");
    const holder = (await job.attempts("reduce", 0))[0]?.worker ?? "";
    const before = await cluster.client.getWorker(holder);

    cluster.worker(holder).signal("SIGSTOP");
    const again = await job.taskDone("reduce", 0);
    expect(again.worker).not.toBe(holder);
    gates.open("reduce-0.1");
    cluster.worker(holder).signal("SIGCONT");
    await until(`${holder} registered anew`, async () => {
      const { state, incarnation } = await cluster.client.getWorker(holder);
      return state === "ready" && incarnation > before.incarnation;
    });
    gates.open("reduce-1");

    const { attempts } = await job.succeeded();
    expect(attempts.lost).toBeGreaterThan(0);
    const states = (await job.attempts("reduce", 0)).map(({ state }) => state);
    expect(states).toEqual(["lost", "done"]);
    expect(sorted(job.lines())).toEqual(countWords(files));
  });

  it("that does not know of its lost lease is refused when it reports", async () => {
    await Promise.all(["w1", "w2", "w3"].map((name) => cluster.worker(name).kill("SIGTERM")));
    const zombie = new Zombie(cluster.url, "zombie");
    await zombie.register();
    const gates = cluster.gates();
    const { folder, splitBytes } = writeText(cluster.path("in"), 2, 20);
    const params = { hold: "map-1" };
    const job = await cluster.submit("upper", { inputs: [folder], splitBytes, params, gates });
    const { ref } = await zombie.receive("launch-attempt");
    expect(attemptName(ref)).toBe("map-00000.1");
    const incarnation = zombie.incarnation ?? 0;
    await until("the lease of the zombie over", async () => {
      return (await cluster.client.getWorker("zombie")).state === "lost";
    });
    await cluster.startWorker("w1");
    await job.taskDone("map", 0);

    const forged = Buffer.from("FORGED\n");
    const pending = path.join(job.output, `_pending-${job.id}`, attemptName(ref));
    mkdirSync(path.dirname(pending), { recursive: true });
    writeFileSync(pending, forged);
    const sha256 = createHash("sha256").update(forged).digest("hex");
    const part = { location: pending, records: 1, bytes: forged.length, sha256 };
    const fenced = await cluster.metric("mapreduce_reports_fenced_total");
    await zombie.register();
    expect(zombie.incarnation).toBeGreaterThan(incarnation);
    const result = { counters: {}, hasRun: false, parts: [part], durationMs: 1 };
    zombie.send({ type: "attempt-done", ref, result });
    expect(await zombie.receive("report-received")).toMatchObject({ ref, accepted: false });
    expect(await cluster.metric("mapreduce_reports_fenced_total")).toBe(fenced + 1);
    zombie.close();
    gates.open("map-1");
    await job.succeeded();
    expect(job.lines()).toHaveLength(40);
    expect(job.lines()).not.toContain("FORGED");
  });

  it("killed after its maps finished: they run again where they are needed", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 4);
    const params = { hold: "map-1,map-2,map-3" };
    const options = { inputs: [folder], splitBytes, reducers: 2, params, gates };
    const job = await cluster.submit("words", options);
    await gates.marked("map-1.1", "map-2.1", "map-3.1");
    const { worker } = await job.taskDone("map", 0);
    await cluster.worker(worker ?? "").kill("SIGKILL");
    gates.open("map-1", "map-2", "map-3");
    await job.succeeded();
    expect(gates.marks()).toContain("map-0.2");
    expect((await job.attempts("map", 0)).length).toBe(2);
    expect(sorted(job.lines())).toEqual(countWords(files));
  });

  it("killed while reduces fetch its runs: they get those of the attempts that follow", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 4);
    const params = { hold: "map-3.1,map-3.2" };
    const options = { inputs: [folder], splitBytes, reducers: 4, params, gates };
    const job = await cluster.submit("words", options);
    await gates.marked("map-3.1");
    await until("two reduces that fetch", async () => (await job.view()).reduce.running === 2);
    const { worker } = await job.taskDone("map", 0);
    await cluster.worker(worker ?? "").kill("SIGKILL");
    await until("what it held lost", async () => (await job.view()).attempts.lost > 0);
    gates.open("map-3.1", "map-3.2");
    await job.succeeded();
    expect(gates.marks()).toContain("map-0.2");
    expect(sorted(job.lines())).toEqual(countWords(files));
  });

  it("killed in a reduce: the job goes on with the others", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 4);
    const params = { hold: "reduce-0.1" };
    const options = { inputs: [folder], splitBytes, reducers: 5, params, gates };
    const job = await cluster.submit("words", options);
    await gates.marked("reduce-0.1");
    const holder = (await job.attempts("reduce", 0))[0]?.worker ?? "";
    await cluster.worker(holder).kill("SIGKILL");
    const { attempts } = await job.succeeded();
    expect(attempts.lost).toBeGreaterThan(0);
    expect(sorted(job.lines())).toEqual(countWords(files));
  });

  it("told to stop finishes what it runs, serves its runs, and ends with 0", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 4);
    const params = { hold: "map-1,map-2" };
    const options = { inputs: [folder], splitBytes, reducers: 2, params, gates };
    const job = await cluster.submit("words", options);
    await gates.marked("map-1.1", "map-2.1");
    const holder = (await job.attempts("map", 1))[0]?.worker ?? "";
    const leaver = cluster.worker(holder);
    leaver.signal("SIGTERM");
    await until(`${holder} drains`, async () => {
      return (await cluster.client.getWorker(holder)).state === "draining";
    });
    gates.open("map-1");
    await job.taskDone("map", 1);
    // Its run is still needed.
    expect(leaver.isRunning).toBe(true);
    gates.open("map-2");
    const { attempts, map, reduce } = await job.succeeded();
    expect(await leaver.ended()).toEqual({ exitCode: 0, signal: null });
    expect(attempts).toEqual({ running: 0, failed: 0, lost: 0 });
    expect(gates.marks()).toHaveLength(map.total + reduce.total);
    const reducers = [...(await job.attempts("reduce", 0)), ...(await job.attempts("reduce", 1))];
    expect(reducers.map(({ worker }) => worker)).not.toContain(holder);
    expect(sorted(job.lines())).toEqual(countWords(files));
  });

  it("of a name that is taken needs a scratch folder of its own, and then takes over", async () => {
    const former = cluster.worker("w1");
    const before = await cluster.client.getWorker("w1");
    await expect(cluster.startWorker("w1")).rejects.toThrow("MR_SCRATCH_IN_USE");
    expect((await cluster.client.getWorker("w1")).incarnation).toBe(before.incarnation);

    const latter = await cluster.startWorker("w1", { MILLRACE_SCRATCH: cluster.path("scratch") });
    expect(await former.ended()).toEqual({ exitCode: 5, signal: null });
    expect(cluster.log("w1")).toContain("MR_WORKER_NAME_TAKEN");
    const { state, incarnation } = await cluster.client.getWorker("w1");
    expect({ state, isNew: incarnation > before.incarnation }).toEqual({
      state: "ready",
      isNew: true,
    });
    await latter.kill();
  });
});

describe("a task that kills its worker each time", () => {
  it("fails its job, which says so, and others run on", async () => {
    cluster.supervise("w1", "w2", "w3");
    const input = cluster.path("in.txt");
    writeFileSync(input, "well\nkill\nwell\n");
    const job = await cluster.submit("killer", { inputs: [input], lossesMax: 2 });
    const failure = await job.failed();
    expect(failure.code).toBe("MR_JOB_FAILED");
    expect(failure.message).toMatch(/map-0000\d was running on 3 workers when each of them died/);
    expect(failure.message).toContain("it may be what ends them");
    expect(existsSync(path.join(job.output, "_SUCCESS"))).toBe(false);
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 3);
    const next = await cluster.submit("words", { inputs: [folder], splitBytes });
    await next.succeeded();
    expect(sorted(next.lines())).toEqual(countWords(files));
  });
});
