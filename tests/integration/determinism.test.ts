import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster, shortLease } from "./harness/cluster.js";
import { writeText, type TextInput } from "./harness/input.js";
import { readParts } from "./harness/output.js";

let cluster: Cluster;
let text: TextInput;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 1, environment: shortLease });
  text = writeText(cluster.path("in"), 6, 300);
});
afterAll(() => cluster.stop());

describe("the same job", () => {
  it("gives the same bytes on one worker, on three, and when one of them is killed", async () => {
    const { folder, splitBytes } = text;
    const options = { inputs: [folder], splitBytes, reducers: 4 };
    const alone = await cluster.submit("ordered", options);
    await alone.succeeded();
    const expected = readParts(alone.output);
    expect(expected).toHaveLength(4);
    expect(Math.min(...expected.map((part) => part.length))).toBeGreaterThan(1_000);

    await Promise.all(
      ["w2", "w3"].map((name) => cluster.startWorker(name, { MILLRACE_SLOTS: "2" })),
    );
    const together = await cluster.submit("ordered", options);
    await together.succeeded();
    expect(readParts(together.output)).toEqual(expected);

    const gates = cluster.gates();
    const params = { hold: "map-2.1" };
    const disturbed = await cluster.submit("ordered", { ...options, params, gates });
    await gates.marked("map-2.1");
    await disturbed.taskDone("map", 0);
    const holder = (await disturbed.attempts("map", 2))[0]?.worker ?? "";
    await cluster.worker(holder).kill("SIGKILL");
    const { attempts } = await disturbed.succeeded();
    expect(attempts.lost).toBeGreaterThan(0);
    expect(readParts(disturbed.output)).toEqual(expected);
  });

  it("gives the same answer however its input is split", async () => {
    const { folder, files } = text;
    const answers = [];
    for (const splitBytes of [1_000, 5_000, 1_000_000]) {
      const job = await cluster.submit("words", { inputs: [folder], splitBytes, reducers: 3 });
      await job.succeeded();
      answers.push(readParts(job.output).map(String));
    }
    expect(files.length).toBe(6);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });
});
