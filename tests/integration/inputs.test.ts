import {
  chmodSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Cluster, jobPath } from "./harness/cluster.js";
import type { Gates } from "./harness/gates.js";
import { writeText, type TextInput } from "./harness/input.js";
import { runCommand } from "./harness/program.js";
import { countWords, sorted } from "./harness/sequential.js";
import type { SubmittedJob } from "./harness/submitted-job.js";

const setpriv = "/usr/bin/setpriv";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ workers: 1 });
});
afterEach(() => cluster.settle());
afterAll(() => cluster.stop());

describe("inputs that do not hold a file", () => {
  it.for([
    { name: "nothing-there.txt", code: "MR_INPUT_NOT_FOUND", exitCode: 4 },
    { name: "empty-folder", code: "MR_INPUT_EMPTY", exitCode: 2 },
    { name: "empty-folder/*.txt", code: "MR_INPUT_EMPTY", exitCode: 2 },
    { name: "dangling", code: "MR_INPUT_NOT_FOUND", exitCode: 4 },
  ])("$name: the command says so and ends with $exitCode", async ({ name, code, exitCode }) => {
    const folder = path.join(cluster.folder, "none");
    mkdirSync(path.join(folder, "empty-folder"), { recursive: true });
    rmSync(path.join(folder, "dangling"), { force: true });
    symlinkSync(path.join(folder, "away"), path.join(folder, "dangling"));
    const input = path.join(folder, name);
    const output = cluster.path("out");
    const flags = ["--input", input, "--output", output, "--master", cluster.url, "--wait"];
    const result = await runCommand(["submit", jobPath("words"), ...flags]);
    expect(result.notes).toContain(code);
    expect(result.notes).toContain(input);
    expect(result.exitCode).toBe(exitCode);
  });

  it("beside others: links that lead nowhere are left out of a folder", async () => {
    const { folder, files, splitBytes } = writeText(cluster.path("in"), 2, 20);
    symlinkSync(path.join(folder, "away"), path.join(folder, "link.txt"));
    symlinkSync(path.join(folder, "round.txt"), path.join(folder, "round.txt"));
    const job = await cluster.submit("words", { inputs: [folder], splitBytes });
    await job.succeeded();
    expect(sorted(job.lines())).toEqual(countWords(files));
  });
});

/** Two maps, the first held on the only slot, so that the second has not read its file yet. */
async function holdFirst(): Promise<{ job: SubmittedJob; gates: Gates; text: TextInput }> {
  const gates = cluster.gates();
  const text = writeText(cluster.path("in"), 2);
  const { folder, splitBytes } = text;
  const params = { hold: "map-0" };
  const job = await cluster.submit("words", { inputs: [folder], splitBytes, params, gates });
  await gates.marked("map-0.1");
  return { job, gates, text };
}

describe("an input that is not what was planned", () => {
  it.for([
    {
      what: "deleted",
      change: (file: string) => rmSync(file),
      code: "MR_INPUT_NOT_FOUND",
    },
    {
      what: "a folder now",
      change: (file: string) => {
        rmSync(file);
        mkdirSync(file);
      },
      code: /^MR_INPUT_(?:NOT_FOUND|CHANGED|UNREADABLE)$/,
    },
    {
      what: "a link that leads nowhere",
      change: (file: string) => {
        rmSync(file);
        symlinkSync(`${file}-away`, file);
      },
      code: "MR_INPUT_NOT_FOUND",
    },
    {
      what: "a link to itself",
      change: (file: string) => {
        rmSync(file);
        symlinkSync(file, file);
      },
      code: "MR_INPUT_NOT_FOUND",
    },
    {
      what: "longer",
      change: (file: string) => writeFileSync(file, "more\n", { flag: "a" }),
      code: "MR_INPUT_CHANGED",
    },
    {
      what: "shorter",
      change: (file: string) => truncateSync(file, 100),
      code: "MR_INPUT_CHANGED",
    },
  ])("$what: the job fails and names it", async ({ change, code }) => {
    const { job, gates, text } = await holdFirst();
    const file = text.files[1] ?? "";
    change(file);
    gates.open("map-0");
    const failure = await job.failed();
    expect(failure.code).toMatch(code);
    expect(failure.task).toBe("map-00001");
    expect(failure.message).toContain(file);
  });

  const isRoot = process.getuid?.() === 0;
  it.skipIf(isRoot && !existsSync(setpriv))("unreadable: the job fails and names it", async () => {
    await cluster.worker("w1").kill("SIGTERM");
    // Root as everybody else: without the right to read what permissions forbid.
    const drop = "--bounding-set=-dac_override,-dac_read_search";
    await cluster.startWorker("w1", {}, isRoot ? [setpriv, drop] : []);
    const { job, gates, text } = await holdFirst();
    const file = text.files[1] ?? "";
    chmodSync(file, 0);
    gates.open("map-0");
    const failure = await job.failed();
    expect(failure.code).toBe("MR_INPUT_UNREADABLE");
    expect(failure.message).toContain(file);
  });

  it("damaged gzip: the job fails and says where", async () => {
    const input = cluster.path("damaged.gz");
    writeFileSync(input, Buffer.from("1f8b08000000000000ffdeadbeef", "hex"));
    const job = await cluster.submit("words", { inputs: [input] });
    const failure = await job.failed();
    expect(failure.code).toBe("MR_INPUT_CORRUPT");
    expect(failure.message).toContain(input);
  });

  it("a line that is not JSON: the job fails with its place", async () => {
    const input = cluster.path("lines.jsonl");
    writeFileSync(input, '{"key":"a","value":"b"}\n{"key":\n');
    const job = await cluster.submit("keys", { inputs: [input], params: { kind: "string" } });
    const failure = await job.failed();
    expect(failure).toMatchObject({ code: "MR_INPUT_CORRUPT", attempt: 1 });
    expect(failure.place).toMatchObject({ location: input, offset: 24 });
  });
});
