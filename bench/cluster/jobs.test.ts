import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataSet, type DataKind } from "../data-sets/cache.js";
import { Children } from "../harness/children.js";
import { countWords, writeCounts } from "../programs/count-words.js";
import { groupLines, writeGroups } from "../programs/group-lines.js";
import { programVersion } from "../peers/contender.js";
import { groupsAnswer, linesAnswer } from "../verify/lines.js";
import { recordsAnswer } from "../verify/records.js";
import { wordCountAnswer, type Answer } from "../verify/words.js";
import { bundleJob } from "./bundle.js";
import { Cluster } from "./cluster.js";
import { partsOf, runJob } from "./job-run.js";

const root = path.resolve(import.meta.dirname, "../..");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-bench-"));
const children = new Children();
const environment = { PATH: "/usr/bin:/bin" };
const needsMawk = { skip: programVersion("mawk", "-Wv") === null };
let cluster: Cluster | null = null;

beforeAll(async () => {
  cluster = await Cluster.start(
    { root, environment, children },
    { folder: path.join(folder, "cluster"), workers: 1, slots: 2 },
  );
});

afterAll(async () => {
  await cluster?.stop();
  children.killAll();
  fs.rmSync(folder, { recursive: true, force: true });
});

function inputOf(kind: DataKind): string {
  return dataSet({ kind, folder, seed: 1, sizeBytes: 400_000 }, () => {}).path;
}

/** Runs a job of `bench/jobs/` as its contender does. @returns its parts */
async function partsOfJob(name: string, kind: DataKind, reducers?: number): Promise<string[]> {
  if (cluster === null) throw new Error("the cluster is not up");
  const { client } = cluster;
  const bundle = await bundleJob(root, name, path.join(folder, "bundles"));
  await client.putBundle(bundle.sha256, bundle.bytes);
  const output = path.join(folder, `output-${name}`);
  await runJob(client, bundle.submit({ input: inputOf(kind), output, reducers }));
  return partsOf(output);
}

/** The answer of the loop by hand. */
function byHand(kind: "access-log" | "jsonl" | "text"): Answer {
  const input = inputOf(kind);
  const output = path.join(folder, `by-hand-${kind}`);
  if (kind === "text") {
    writeCounts(output, countWords(input, 0, Number.MAX_SAFE_INTEGER, "letters"));
    return wordCountAnswer([output]);
  }
  writeGroups(output, groupLines(input, 0, Number.MAX_SAFE_INTEGER, kind));
  return groupsAnswer([output]);
}

describe("jobs of the bench", () => {
  it.each(["access-log", "access-log-builtin"])("%s gives what a loop does", async (name) => {
    expect(groupsAnswer(await partsOfJob(name, "access-log", 2))).toEqual(byHand("access-log"));
  });

  it.each(["jsonl", "jsonl-builtin"])("%s gives what a loop does", async (name) => {
    expect(groupsAnswer(await partsOfJob(name, "jsonl", 2))).toEqual(byHand("jsonl"));
  });

  it.each(["wordcount", "wordcount-split", "wordcount-builtin"])("%s does", async (name) => {
    expect(wordCountAnswer(await partsOfJob(name, "text", 2))).toEqual(byHand("text"));
  });

  it.each(["streaming", "streaming-function"])("%s does, with mawk", needsMawk, async (name) => {
    expect(wordCountAnswer(await partsOfJob(name, "text", 2))).toEqual(byHand("text"));
  });

  it.each(["filter", "filter-function"])(
    "%s keeps the lines of errors",
    needsMawk,
    async (name) => {
      const lines = fs.readFileSync(inputOf("access-log"), "utf8").split("\n");
      const wanted = path.join(folder, "errors");
      const errors = lines.filter((line) => /^[^"]*"[^"]*" [45]/.test(line));
      fs.writeFileSync(wanted, errors.join("\n"));
      expect(errors.length).toBeGreaterThan(10);
      expect(linesAnswer(await partsOfJob(name, "access-log"))).toEqual(linesAnswer([wanted]));
    },
  );

  it("sort-total sorts by itself, as a chain of a sample and a sort", async () => {
    const parts = await partsOfJob("sort-total", "records", 3);
    expect(parts.length).toBe(3);
    const { digest } = recordsAnswer([inputOf("records")]);
    expect(recordsAnswer(parts)).toEqual({ digest, disorder: null });
  });
});
