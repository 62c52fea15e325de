import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster, shortLease } from "./harness/cluster.js";
import { writeText, type TextInput } from "./harness/input.js";
import { checkFinished, partNames } from "./harness/output.js";
import { countWords, sorted } from "./harness/sequential.js";
import { until } from "./harness/waiting.js";

let cluster: Cluster;
let text: TextInput;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 2, environment: shortLease });
  text = writeText(cluster.path("in"), 4, 300);
});
afterAll(() => cluster.stop());

/** Every part by its path, compressed ones as what they hold. */
function contents(output: string): Record<string, string> {
  checkFinished(output);
  const found = partNames(output).map((name) => {
    const bytes = readFileSync(path.join(output, name));
    return [name, (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString()];
  });
  return Object.fromEntries(found) as Record<string, string>;
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" });
}

describe("a job with named outputs and folders", () => {
  it("gives every record its place, also when a worker is killed in the midst of it", async () => {
    const options = { inputs: [text.folder], splitBytes: text.splitBytes, reducers: 3 };
    const alone = await cluster.submit("spread", options);
    await alone.succeeded();
    const expected = contents(alone.output);

    const words = countWords(text.files);
    const folders = Object.entries(expected).filter(([name]) => name.startsWith("initial="));
    const lines = folders.flatMap(([, content]) => content.split("\n").slice(0, -1));
    expect(sorted(lines)).toEqual(words);
    for (const [name, content] of folders) {
      const [, initial, size] = /^initial=(.+)\/size=(\d)\/part-\d{5}$/.exec(name) ?? [];
      for (const line of content.split("\n").slice(0, -1)) {
        const word = line.split("\t")[0] ?? "";
        expect([encodeURIComponent(word.slice(0, 1)), word.length > 4 ? "1" : "0"]).toEqual([
          initial,
          size,
        ]);
      }
    }
    const others = Object.keys(expected).filter((name) => !name.startsWith("initial="));
    expect(others.filter((name) => name.startsWith("tasks/"))).toEqual([
      "tasks/part-00000",
      "tasks/part-00001",
      "tasks/part-00002",
    ]);
    const long = Object.entries(expected).filter(([name]) => name.startsWith("long/"));
    const longWords = words.filter((line) => (line.split("\t")[0] ?? "").length > 8);
    expect(long.flatMap(([, content]) => content.split("\n").slice(0, -1))).toHaveLength(
      longWords.length,
    );
    expect(partNames(alone.output).filter((name) => !name.includes("/"))).toEqual([]);

    const gates = cluster.gates();
    const disturbed = await cluster.submit("spread", {
      ...options,
      params: { hold: "cleanup-1.1" },
      gates,
    });
    await gates.marked("cleanup-1.1");
    const holder = (await disturbed.attempts("reduce", 1))[0]?.worker ?? "";
    await cluster.worker(holder).kill("SIGKILL");
    const { attempts } = await disturbed.succeeded();
    expect(attempts.lost).toBeGreaterThan(0);
    expect(contents(disturbed.output)).toEqual(expected);
    await cluster.startWorker(holder);
  });

  it("is listed by relative path, and overwritten with its folders", async () => {
    const options = { inputs: [text.folder], splitBytes: text.splitBytes };
    const first = await cluster.submit("spread", { ...options, reducers: 3 });
    await first.succeeded();
    const listed = await cluster.client.getOutput(first.id);
    const names = partNames(first.output);
    expect(listed.parts.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    expect(names.length).toBeGreaterThan(10);
    const { counters } = await cluster.client.getCounters(first.id);
    expect(listed).toMatchObject({
      records: counters["output.records"],
      bytes: counters["output.bytes"],
    });

    const again = { ...options, reducers: 1, output: first.output, overwrite: true };
    const second = await cluster.submit("spread", again);
    await second.succeeded();
    const after = Object.keys(contents(first.output));
    expect(after.every((name) => /part-00000(\.gz)?$/.test(name))).toBe(true);
  });

  it("leaves nothing when it is cancelled", async () => {
    const gates = cluster.gates();
    const job = await cluster.submit("spread", {
      inputs: [text.folder],
      splitBytes: text.splitBytes,
      reducers: 2,
      params: { hold: "cleanup" },
      gates,
    });
    await gates.marked("cleanup-0.1");
    await cluster.client.cancelJob(job.id);
    expect((await job.ended()).status).toBe("cancelled");
    await cluster.settle();
    gates.open("cleanup");
    await until("nothing left in the output", () => filesBelow(job.output).length === 0);
  });
});
