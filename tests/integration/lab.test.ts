import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "#cli/installation";
import { Cluster, jobPath, shortLease } from "./harness/cluster.js";
import { gutenberg, writeText } from "./harness/input.js";
import { checkFinished, readOutput, readParts } from "./harness/output.js";
import { runCommand } from "./harness/program.js";
import { countWords, indexWords, sorted } from "./harness/sequential.js";

/** The cases of the MIT 6.5840 laboratory, `test-mr.sh`, with real processes. */

describe("a cluster without faults", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ workers: 4 });
  });
  afterAll(() => cluster.stop());

  it("wc: counts the words of eight books as a sequential run does", async () => {
    const job = await cluster.submit("words", { inputs: [gutenberg.folder], reducers: 3 });
    await job.succeeded();
    expect(readParts(job.output)).toHaveLength(3);
    expect(sorted(job.lines())).toEqual(countWords(gutenberg.files));
  });

  it("indexer: finds the books of every word as a sequential run does", async () => {
    const output = cluster.path("index");
    const job = path.join(packageRoot, "examples", "inverted-index.ts");
    const flags = ["--input", gutenberg.folder, "--output", output, "--wait"];
    flags.push("--master", cluster.url);
    const { exitCode, notes } = await runCommand(["submit", job, ...flags]);
    expect(exitCode, notes).toBe(0);
    expect(sorted(readOutput(output))).toEqual(indexWords(gutenberg.files));
  });

  it("map and reduce parallelism: several workers are in one stage at once", async () => {
    const gates = cluster.gates();
    const { folder, splitBytes } = writeText(cluster.path("in"), 2, 5);
    const options = { inputs: [folder], splitBytes, reducers: 2, gates };
    const job = await cluster.submit("meeting", options);
    await job.succeeded();
    const workers = (stage: string) =>
      new Set(gates.marks().filter((mark) => mark.startsWith(`${stage}@`))).size;
    expect(workers("map")).toBe(2);
    expect(workers("reduce")).toBe(2);
  });

  it("job count: each slow map runs exactly once when nothing fails", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 8);
    const params = { mapMs: 250 };
    const options = { inputs: [folder], splitBytes, reducers: 2, params, gates };
    const job = await cluster.submit("slow", options);
    const { map, attempts } = await job.succeeded();
    expect(map.total).toBe(8);
    expect(attempts).toEqual({ running: 0, failed: 0, lost: 0 });
    const maps = gates.marks().filter((mark) => mark.startsWith("map"));
    expect(sorted(maps)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((index) => `map-${index}.1`));
    expect(sorted(job.lines())).toEqual(countWords(files));
  });

  it("early exit: the output is final when the first process says that it is done", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 4);
    const output = cluster.path("early");
    const flags = ["--input", folder, "--output", output, "--wait", "--master", cluster.url];
    flags.push("--reducers", "4", "--split-bytes", String(splitBytes));
    flags.push("--param", `folder=${gates.folder}`, "--param", "reduceMs=800");
    const { exitCode, notes } = await runCommand(["submit", jobPath("slow"), ...flags]);
    const atOnce = readParts(output);
    expect(exitCode, notes).toBe(0);
    checkFinished(output);
    expect(sorted(readOutput(output))).toEqual(countWords(files));
    expect(await cluster.client.getCluster()).toMatchObject({ slots: { used: 0 } });
    expect(readParts(output)).toEqual(atOnce);
  });
});

describe("a cluster whose tasks kill their workers or stay too long", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start({ workers: 3, environment: shortLease });
    cluster.supervise("w1", "w2", "w3");
  });
  afterAll(() => cluster.stop());

  it("crash: gives what a sequential run gives", async () => {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 8, 100);
    const job = await cluster.submit("crash", {
      inputs: [folder],
      splitBytes,
      reducers: 4,
      attemptsMax: 100,
      lossesMax: 100,
      taskTimeoutMs: 500,
      params: { seed: 3, kills: 0.15, stalls: 0.15 },
      gates,
    });
    const { attempts } = await job.succeeded();
    const fates = gates.marks().map((mark) => mark.split(" ")[0]);
    expect(fates.filter((fate) => fate === "kill").length).toBeGreaterThan(0);
    expect(attempts.lost).toBeGreaterThan(0);
    expect(attempts.failed).toBeGreaterThan(0);
    expect(sorted(job.lines())).toEqual(countWords(files));
  });
});
