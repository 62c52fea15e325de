import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "#cli/run-cli";
import { MemoryTerminal } from "#cli/terminal";
import { Cluster, jobPath } from "./harness/cluster.js";
import { writeText } from "./harness/input.js";
import { readOutput } from "./harness/output.js";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 2, slots: 1 });
});
afterEach(() => cluster.settle());
afterAll(() => cluster.stop());

/** A command as typed in the cluster's folder. */
async function millrace(...argv: string[]) {
  const terminal = new MemoryTerminal();
  const named = [...argv, "--master", cluster.client.baseUrl];
  const code = await runCli(named, terminal, cluster.folder);
  return { code, out: terminal.outText, note: terminal.noteText };
}

describe("a job with steps", () => {
  it("is planned, run and shown step by step, and round by round", async () => {
    const { folder, files } = writeText(cluster.path("in"), 3, 60);
    const output = cluster.path("out");
    const job = jobPath("halving");
    const plan = await millrace("plan", job, folder);
    expect(plan.code, plan.note).toBe(0);
    expect(plan.out).toContain("step 1/3 count\n  3 files");
    expect(plan.out).toContain("step 2/3 halve, at most 20 rounds\n");
    expect(plan.out).toContain("step 3/3 show\n  first a sample of the keys");

    const run = await millrace("submit", job, folder, "--output", output, "--wait");
    expect(run.code, run.note).toBe(0);
    const counts = new Map<string, number>();
    for (const file of files) {
      for (const word of readFileSync(file, "utf8").match(/\p{L}+/gu) ?? []) {
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
    // The words are of ASCII's letters: by code units is by code points.
    const halvings = [...counts].map(([word, n]) => `${word}\t${Math.floor(Math.log2(n))}`);
    expect(readOutput(output)).toEqual(halvings.toSorted());

    const id = /job (\S+) succeeded/.exec(run.note)?.[1] ?? "";
    const rounds = Math.max(1, Math.floor(Math.log2(Math.max(...counts.values()))));
    const view = await cluster.client.getJob(id);
    expect(view.steps.map(({ name, round }) => `${name} ${round}`)).toEqual([
      "count 1",
      ...Array.from({ length: rounds }, (_, index) => `halve ${index + 1}`),
      "show 1",
      "show 1",
    ]);
    const shown = await millrace("job", id);
    expect(shown.out).toMatch(/^STEP .*\ncount +1 +succeeded +100% +100% /m);
    expect(shown.out).toMatch(/^show \(sample of keys\) +1 +succeeded +100% +- /m);
    const logs = await millrace("logs", id);
    expect(logs.out).toMatch(/^JOB .*\n\S+ +map-00000 +1 +10 B$/m);
    const task = await millrace("logs", id, "--task", "map-00000");
    expect(task.code).toBe(2);
    const [{ jobId } = { jobId: null }] = view.steps;
    expect(task.note).toContain(`allowed with --task: the job of one step, such as ${jobId}`);
    const log = await millrace("logs", String(jobId), "--task", "map-00000");
    expect(log.out).toBe("it begins\n");
    const runs = await millrace("jobs", "--parent", id, "--json");
    expect((JSON.parse(runs.out) as { items: unknown[] }).items).toHaveLength(rounds + 3);
    expect((await millrace("jobs")).out).toMatch(new RegExp(`^${id} +succeeded +3/3 show `, "m"));
  });
});

describe("a job with several inputs", () => {
  it("takes each by its name, and side inputs too", async () => {
    const folder = cluster.path("in");
    mkdirSync(folder);
    const write = (name: string, ...lines: string[]): string => {
      writeFileSync(path.join(folder, name), lines.map((line) => `${line}\n`).join(""));
      return path.join(folder, name);
    };
    const customers = write("customers.csv", "id,name", "c1,Ada", "c2,Grace", "c3,Edsger");
    const first = write("orders-1.csv", "customer,cents", "c1,5", "c2,1");
    write("orders-2.csv", "customer,cents", "c1,20", "c9,7");
    const hidden = write("hidden.txt", "Grace");
    const output = cluster.path("out");
    const job = ["submit", jobPath("orders"), "--output", output, "--wait"];
    const orders = first.replace("orders-1", "orders-*");

    const missing = await millrace(...job, "--input", `orders=${orders}`);
    expect(missing.code).toBe(2);
    expect(missing.note).toContain("--input is missing for customers");
    const inputs = ["--input", `orders=${orders}`, "--input", `customers=${customers}`];
    const bare = await millrace(...job, ...inputs);
    expect(bare.note).toContain("--side is missing for hidden; allowed: --side hidden=FILE");

    const done = await millrace(...job, ...inputs, "--side", `hidden=${hidden}`);
    expect(done.code, done.note).toBe(0);
    expect(readOutput(output).toSorted()).toEqual(["Ada\t25", "Edsger\t0"]);
    const id = /job (\S+) succeeded/.exec(done.note)?.[1] ?? "";
    const shown = await millrace("job", id);
    expect(shown.out).toContain(`input     customers=${customers}\n`);
    expect(shown.out).toContain(`side      hidden=${hidden}\n`);
    expect(shown.out).toMatch(/^user\.hidden +1$/m);
  });
});
