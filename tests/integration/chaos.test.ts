import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "./harness/cluster.js";
import { writeText } from "./harness/input.js";
import { readParts } from "./harness/output.js";
import { until } from "./harness/waiting.js";

const leaseMs = 1_000;
const names = ["w1", "w2", "w3"];

let cluster: Cluster;
beforeAll(async () => {
  const environment = {
    MILLRACE_HEARTBEAT_MS: String(leaseMs / 4),
    MILLRACE_LEASE_MS: String(leaseMs),
  };
  cluster = await Cluster.start({ workers: 3, slots: 2, environment });
  cluster.supervise(...names);
});
afterAll(() => cluster.stop());

/** Numbers in `[0, 1)` that depend on the seed alone. @see Lehmer 1951, "minimal standard" */
function makeDice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

type Mishap = "kill a worker" | "freeze a worker" | "kill the master";

const mishaps: readonly Mishap[] = [
  "kill a worker",
  "freeze a worker",
  "kill the master",
  "kill a worker",
  "freeze a worker",
  "kill the master",
  "kill a worker",
];

async function befall(mishap: Mishap, name: string): Promise<void> {
  if (mishap === "kill the master") {
    await cluster.master.kill("SIGKILL");
    await cluster.startMaster();
  } else if (mishap === "kill a worker") {
    await cluster.worker(name).kill("SIGKILL");
  } else {
    const worker = cluster.worker(name);
    worker.signal("SIGSTOP");
    await pause(1.5 * leaseMs);
    worker.signal("SIGCONT");
  }
}

describe("a cluster that one mishap after another befalls", () => {
  it("gives the same bytes and counts as one in peace", async () => {
    const { folder, splitBytes } = writeText(cluster.path("in"), 20, 50);
    const options = { inputs: [folder], splitBytes, reducers: 5, lossesMax: 100 };
    const calm = await cluster.submit("steady", { ...options, params: { eachMs: 0 } });
    await calm.succeeded();
    const gates = cluster.gates();
    const params = { eachMs: 250, hold: "reduce-4" };
    const wild = await cluster.submit("steady", { ...options, params, gates });
    const dice = makeDice(20_041_206);
    for (const mishap of mishaps) {
      await befall(mishap, names[Math.floor(dice() * names.length)] ?? "");
      await pause(100 + 300 * dice());
    }
    gates.open("reduce-4");
    const { attempts } = await wild.succeeded();
    expect(attempts.lost).toBeGreaterThan(0);
    expect(readParts(wild.output)).toEqual(readParts(calm.output));
    const counts = async (job: typeof wild) => {
      const { "user.lines": lines, "reduce.groups": groups } = await job.counters();
      return { lines, groups };
    };
    expect(await counts(wild)).toEqual(await counts(calm));
    await until("all workers back", async () => {
      const { items } = await cluster.client.listWorkers();
      return items.filter(({ state }) => state === "ready").length === names.length;
    });
  });
});
