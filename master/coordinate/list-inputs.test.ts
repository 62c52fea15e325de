import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commitJob } from "#master/commit/commit-job";
import { childSpec, folderOf } from "#master/schedule/links";
import type { Job } from "#master/schedule/state";
import { buildManifest, encodeManifest } from "#shared/format/manifest";
import { jobSpecSchema, type JobSpec, type JobSubmission } from "#shared/model/job";
import { LocalStorage } from "#shared/storage/local";
import { listInputs, listSides } from "./list-inputs.js";
import { lastRunParts } from "./run-parts.js";

const chainId = "a-20260101-000000-aaaa";
const link = { stepIndex: 0, round: 1, kind: "run" } as const;
let folder: string;
let backend: LocalStorage;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "list-inputs-"));
  backend = new LocalStorage("/", { durable: false });
  await put("in/one.txt", "1\n");
  await mkdir(join(folder, "empty"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function put(name: string, text: string | Buffer): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function spec(fields: Partial<JobSubmission> = {}): JobSpec {
  return jobSpecSchema.parse({
    name: "a",
    bundleSha256: "0".repeat(64),
    inputs: [],
    reader: { kind: "text" },
    writer: { kind: "tsv" },
    hasReducer: true,
    ...fields,
  });
}

const source = (name: string) => {
  return { name, inputs: [join(folder, name)], reader: { kind: "text" as const } };
};
const former = { name: "former", inputs: [], reader: { kind: "former" as const } };

/** A chain whose output folder itself begins with `_`, and its second run. */
function chain(): { owner: Job; second: JobSpec } {
  const steps = [
    { name: "one", hasReducer: false, sources: [source("in")] },
    { name: "two", hasReducer: false, sources: [former] },
  ];
  const owner = { jobId: chainId, spec: spec({ steps }), output: join(folder, "_out") };
  const second = childSpec(owner, { ...link, stepIndex: 1 }, { link, counters: {} });
  return { owner: { ...owner, chain: { link } } as unknown as Job, second };
}

/** What the first run wrote and committed. */
async function writeRun(owner: Job, contents: readonly string[]): Promise<string> {
  const location = folderOf(owner, link);
  const parts = contents.map((text, index) => {
    const name = `part-0000${index}`;
    return { name, records: 1, bytes: text.length, sha256: "0".repeat(64) };
  });
  const manifest = buildManifest({
    jobId: "child",
    jobName: "a",
    createdAtMs: 0,
    parts,
    counters: {},
  });
  const below = location.slice(folder.length + 1);
  for (const [index, text] of contents.entries()) await put(`${below}/part-0000${index}`, text);
  await put(`${below}/manifest.json`, encodeManifest(manifest));
  await put(`${below}/_SUCCESS`, "");
  return location;
}

describe("inputs of several sources", () => {
  it("carry the index of their source, and one may be empty", async () => {
    const sources = [source("empty"), source("in")];
    const { files, mayBeEmpty } = await listInputs(backend, spec({ sources }));
    expect(files).toMatchObject([{ location: join(folder, "in/one.txt"), source: 1 }]);
    expect(mayBeEmpty).toBe(false);
  });

  it("are refused when all are empty, or one is not there", async () => {
    const empty = listInputs(backend, spec({ sources: [source("empty")] }));
    await expect(empty).rejects.toMatchObject({ code: "MR_INPUT_EMPTY" });
    const sources = [source("in"), source("nowhere")];
    const absent = listInputs(backend, spec({ sources }));
    await expect(absent).rejects.toMatchObject({ code: "MR_INPUT_NOT_FOUND" });
  });

  it("name the side input that is not there", async () => {
    const sides = [{ name: "names", as: "text" as const, inputs: [join(folder, "nowhere")] }];
    await expect(listSides(backend, spec({ sides }))).rejects.toThrow("side=names");
  });
});

describe("what a run before wrote", () => {
  it("is its parts alone, in their order, also none", async () => {
    const { owner, second } = chain();
    const location = await writeRun(owner, ["x", ""]);
    expect(await listInputs(backend, second)).toMatchObject({
      mayBeEmpty: true,
      files: [
        { location: `${location}/part-00000`, sizeBytes: 1 },
        { location: `${location}/part-00001`, sizeBytes: 0 },
      ],
    });
    await writeRun(owner, []);
    expect(await listInputs(backend, second)).toEqual({ mayBeEmpty: true, files: [] });
  });

  it("is refused when it is not as it was committed", async () => {
    const { owner, second } = chain();
    const gone = listInputs(backend, second);
    await expect(gone).rejects.toMatchObject({ code: "MR_INPUT_NOT_FOUND" });
    const location = await writeRun(owner, ["x"]);
    await writeFile(`${location}/part-00000`, "xx");
    const other = listInputs(backend, second);
    await expect(other).rejects.toMatchObject({ code: "MR_INPUT_CORRUPT" });
  });

  it("becomes the output of the chain, also when a commit is repeated", async () => {
    const { owner } = chain();
    await writeRun(owner, ["x", "yy"]);
    const commit = async () =>
      commitJob(backend, {
        jobId: chainId,
        jobName: "a",
        output: owner.output,
        overwrite: false,
        parts: await lastRunParts(backend, owner),
        counters: {},
        nowMs: 0,
      });
    const summary = await commit();
    expect(summary).toMatchObject({ partCount: 2, bytes: 3 });
    await rm(join(owner.output, "_SUCCESS"));
    expect(await commit()).toEqual(summary);
    expect(await backend.stat(join(owner.output, "_SUCCESS").slice(1))).not.toBeNull();
    await rm(join(owner.output, "manifest.json"));
    await expect(commit()).rejects.toMatchObject({ code: "MR_OUTPUT_CORRUPT" });
  });
});
