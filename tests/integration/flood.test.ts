import { afterAll, beforeAll, expect, it } from "vitest";
import type { AttemptRef } from "#shared/model/ids";
import { Cluster } from "./harness/cluster.js";
import { writeText } from "./harness/input.js";
import { countWords, sorted } from "./harness/sequential.js";
import { until } from "./harness/waiting.js";
import { Zombie } from "./harness/zombie.js";

const floodCount = 10_000;
/** Far above what 20,000 messages of 200 bytes need while they wait for the journal. */
const growthBytesMax = 200 * 1024 ** 2;

let cluster: Cluster;
let flooder: Zombie;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 1, slots: 2 });
  flooder = new Zombie(cluster.url, "flooder");
});
afterAll(async () => {
  flooder.close();
  await cluster.stop();
});

it("a worker that floods the master with messages keeps no other worker from its job", async () => {
  await flooder.register();
  // It is to take no part in the job.
  flooder.send({ type: "draining" });
  await flooder.receive("leave");
  const gates = cluster.gates();
  const { folder, splitBytes, files } = writeText(cluster.path("in"), 4);
  const job = await cluster.submit("words", {
    inputs: [folder],
    splitBytes,
    reducers: 2,
    params: { hold: "map-0" },
    gates,
  });
  await gates.marked("map-0.1");
  const emptyBytes = await cluster.metric("process_resident_memory_bytes");

  for (let taskIndex = 0; taskIndex < floodCount; taskIndex++) {
    const ref: AttemptRef = { jobId: job.id, stage: "map", taskIndex, attempt: 77 };
    flooder.send({
      type: "heartbeat",
      rssBytes: taskIndex,
      attempts: [{ ref, fraction: 0.5, counters: { "map.records.in": 1 } }],
    });
    const result = { counters: {}, hasRun: true, parts: [], durationMs: 1 };
    flooder.send({ type: "attempt-done", ref, result });
  }
  gates.open("map-0");

  expect((await job.succeeded()).attempts).toMatchObject({ running: 0, failed: 0 });
  expect(sorted(job.lines())).toEqual(countWords(files));
  await until("an answer to every report", async () => {
    return (await cluster.metric("mapreduce_reports_fenced_total")) === floodCount;
  });
  const fullBytes = await cluster.metric("process_resident_memory_bytes");
  expect(fullBytes - emptyBytes).toBeLessThan(growthBytesMax);
});
