import { closeSync, fstatSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { writeText } from "./harness/input.js";
import { countWords, sorted } from "./harness/sequential.js";
import type { SubmittedJob } from "./harness/submitted-job.js";
import { until } from "./harness/waiting.js";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 2 });
});
afterEach(() => cluster.settle());
afterAll(() => cluster.stop());

/** The run of the first attempt of a map task that is done. */
async function runOf(job: SubmittedJob, taskIndex: number): Promise<string> {
  const { worker, name } = await job.taskDone("map", taskIndex);
  const folder = cluster.scratchFolder(worker ?? "");
  return path.join(folder, "intermediate", job.id, name, "1", "run");
}

/** Flips one bit at a share of the file's length. */
function flipBit(file: string, share: number): void {
  const descriptor = openSync(file, "r+");
  const byte = Buffer.alloc(1);
  const position = Math.floor(fstatSync(descriptor).size * share);
  readSync(descriptor, byte, 0, 1, position);
  byte[0] = (byte[0] ?? 0) ^ 0b100;
  writeSync(descriptor, byte, 0, 1, position);
  closeSync(descriptor);
}

describe("a run that is not what its map wrote", () => {
  /** Its reduces have not begun: both slots are held by maps. */
  async function spoil(spoilRun: (file: string) => void): Promise<void> {
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 3, 400);
    const params = { hold: "map-1,map-2" };
    const options = { inputs: [folder], splitBytes, reducers: 2, params, gates };
    const job = await cluster.submit("words", options);
    await gates.marked("map-1.1", "map-2.1");
    spoilRun(await runOf(job, 0));
    gates.open("map-1", "map-2");
    await job.succeeded();
    expect(gates.marks()).toContain("map-0.2");
    expect(gates.marks().filter((mark) => mark.startsWith("map-1"))).toEqual(["map-1.1"]);
    const states = (await job.attempts("map", 0)).map(({ state }) => state);
    expect(states[0]).toBe("lost");
    expect(states.at(-1)).toBe("done");
    expect(sorted(job.lines())).toEqual(countWords(files));
  }

  it("one bit flipped in the data: the map runs again", () => spoil((file) => flipBit(file, 0.3)));
  it("one bit flipped in the other partition", () => spoil((file) => flipBit(file, 0.7)));
  it("one bit flipped in the index", () => spoil((file) => flipBit(file, 0.999)));
  it("the file is gone", () => spoil((file) => rmSync(file)));

  it("one bit flipped while a reduce that reads it where it lies has begun", async () => {
    await cluster.worker("w2").kill("SIGTERM");
    const gates = cluster.gates();
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 2, 800);
    const params = { hold: "reduce-0.1" };
    const options = { inputs: [folder], splitBytes, reducers: 1, params, gates };
    const job = await cluster.submit("bulk", options);
    await gates.marked("reduce-0.1");
    flipBit(await runOf(job, 1), 0.9);
    gates.open("reduce-0.1");
    await job.succeeded();
    expect(gates.marks().filter((mark) => mark.startsWith("map"))).toEqual([
      "map-0.1",
      "map-1.1",
      "map-1.2",
    ]);
    // Whatever comes first: it fails, or makes room for the map that is needed again.
    const [first, ...others] = await job.attempts("reduce", 0);
    expect(first?.state).toMatch(/^(?:failed|cancelled)$/);
    expect(others.at(-1)?.state).toBe("done");
    const lines = files.flatMap((file) => {
      const content = readFileSync(file, "utf8").split("\n").slice(0, -1);
      return content.flatMap((line, index) =>
        [0, 1, 2, 3, 4, 5, 6, 7].map(
          (at) => `${file.slice(-8)} ${index * 48} ${at} ${line.trimEnd()}\t900`,
        ),
      );
    });
    expect(sorted(job.lines())).toEqual(sorted(lines));
    await cluster.startWorker("w2");
    await until("two workers", async () => (await cluster.client.getCluster()).workers === 2);
  });
});
