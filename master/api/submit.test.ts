import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Client } from "#shared/client/client";
import type { JobSubmission } from "#shared/model/job";
import { bundle, bundleSha256, makeFolder, submissionFor, TestMaster } from "./cluster.fixture.js";

let folder: string;
let remove: () => Promise<void>;
let master: TestMaster;
let client: Client;

async function start(): Promise<void> {
  master = await TestMaster.start(join(folder, "data"));
  client = new Client({ baseUrl: master.url, token: null, attemptsMax: 1 });
}
beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  await start();
  await client.putBundle(bundleSha256, bundle);
});
afterEach(async () => {
  await master.stop();
  await remove();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { errors?: { field: string; detail: string }[] };
}

async function post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${master.url}/api/v1/jobs`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}
function submit(change: Partial<JobSubmission> | Record<string, unknown>): Promise<Answer> {
  return post({ ...submissionFor(folder), ...change });
}
async function jobCount(): Promise<number> {
  return (await client.listJobs()).items.length;
}

describe("a submission that is not right", () => {
  it("names every field, its value and what is allowed", async () => {
    const { status, body } = await submit({
      name: "no spaces allowed",
      inputs: "in",
      attemptsMax: 0,
      reader: { kind: "xml" },
      colour: "red",
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "MR_REQUEST_INVALID", status: 400 });
    const errors = Object.fromEntries((body.errors ?? []).map((each) => [each.field, each.detail]));
    expect(Object.keys(errors).toSorted()).toEqual([
      "attemptsMax",
      "colour",
      "inputs",
      "name",
      "reader.kind",
    ]);
    expect(errors["attemptsMax"]).toBe("is 0; too small: expected number to be >=1");
    expect(errors["reader.kind"]).toMatch(/is "xml"; .*'text' \| 'chunk' \| 'jsonl'/);
    expect(errors["name"]).toContain('is "no spaces allowed"');
    expect(await jobCount()).toBe(0);
  });

  it("says which fields are missing", async () => {
    const { body } = await post({});
    const fields = (body.errors ?? []).map((each) => each.field);
    expect(fields).toEqual(expect.arrayContaining(["name", "inputs", "reader", "hasReducer"]));
    expect(body.errors?.[0]?.detail).toContain("is required");
  });

  const text = { kind: "text" };
  const former = { name: "before", inputs: [], reader: { kind: "former" } };
  const lines = { name: "lines", inputs: ["/in"], reader: text };
  const step = { name: "one", hasReducer: true, sources: [lines] };
  const bare = { partitionCount: undefined };

  it.each([
    ["no input", { inputs: [] }, "inputs", "at least one location"],
    ["an order without a reducer", { hasReducer: false, totalOrder: true }, "totalOrder", "true"],
    [
      "a step run",
      { stepRun: { parentId: "a", stepIndex: 0, round: 1, formerCounters: {} } },
      "stepRun",
      "the master alone",
    ],
    [
      "a former step of the only one",
      { reader: { kind: "former" } },
      "reader.kind",
      "before the first step",
    ],
    ["two sources of a name", { sources: [lines, lines] }, "sources.1.name", '"lines"'],
    ["a source of no place", { sources: [{ ...lines, inputs: [] }] }, "sources.0.inputs", "[]"],
    [
      "a side of no place",
      { sides: [{ name: "a", as: "text", inputs: [] }] },
      "sides.0.inputs",
      "[]",
    ],
    ["partitions beside steps", { steps: [step], partitionCount: 3 }, "partitionCount", "is 3"],
    ["two steps of a name", { ...bare, steps: [step, step] }, "steps.1.name", '"one"'],
    [
      "a first step over another",
      { ...bare, steps: [{ ...step, sources: [former] }] },
      "steps.0.sources.0.reader.kind",
      "former",
    ],
    [
      "a first side of another",
      {
        ...bare,
        steps: [{ ...step, sides: [{ name: "s", as: "records", inputs: [], isFormer: true }] }],
      },
      "steps.0.sides.0.isFormer",
      "unless it is repeated",
    ],
    [
      "places of a former step",
      {
        ...bare,
        steps: [step, { ...step, name: "two", sources: [{ ...former, inputs: ["/x"] }] }],
      },
      "steps.1.sources.0.inputs",
      "/x",
    ],
    [
      "partitions of a step without a reducer",
      { ...bare, steps: [{ ...step, hasReducer: false, partitionCount: 2 }] },
      "steps.0.partitionCount",
      "is 2",
    ],
  ])("refuses what contradicts itself: %s", async (_what, change, field, detail) => {
    const { status, body } = await submit({ hasReducer: true, ...change });
    expect(status).toBe(400);
    expect(body["code"]).toBe("MR_REQUEST_INVALID");
    expect(body.errors).toContainEqual({
      field,
      detail: expect.stringContaining(detail) as string,
    });
    expect(await jobCount()).toBe(0);
  });

  it.each([
    ["a number out of range", { words: 3 }, "params.words", "at most 2"],
    ["an unknown parameter", { word: 1 }, "params.word", "known: words"],
    ["a missing one", {}, "params.words", "is required"],
  ])("checks parameters: %s", async (_what, params, field, detail) => {
    const paramSpecs = { words: { type: "number", max: 2 } };
    const { status, body } = await submit({ paramSpecs, params });
    expect(status).toBe(400);
    expect(body["code"]).toBe("MR_PARAM_INVALID");
    expect(body.errors).toContainEqual({
      field,
      detail: expect.stringContaining(detail) as string,
    });
  });

  it.each([
    [
      "a bundle that was not uploaded",
      { bundleSha256: "0".repeat(64) },
      404,
      "MR_BUNDLE_NOT_FOUND",
    ],
    ["an input in a bucket", { inputs: ["s3://b/k"] }, 400, "MR_LOCATION_UNSUPPORTED"],
    ["a relative input", { inputs: ["data/in.txt"] }, 400, "MR_LOCATION_UNSUPPORTED"],
    ["an output outside any folder", { output: "/tmp/../x" }, 400, "MR_LOCATION_UNSUPPORTED"],
    ["partitions without a reducer", { hasReducer: false }, 400, "MR_REQUEST_INVALID"],
  ])("refuses %s", async (_what, change, status, code) => {
    const answer = await submit(change);
    expect(answer.body["code"]).toBe(code);
    expect(answer.status).toBe(status);
    expect(await jobCount()).toBe(0);
  });

  it.each([
    ["no JSON", "{", "application/json", 400, "MR_REQUEST_INVALID"],
    ["no object", "[]", "application/json", 400, "MR_REQUEST_INVALID"],
    ["another type", "name: x", "text/yaml", 415, "MR_CONTENT_TYPE_UNSUPPORTED"],
    ["an unknown charset", "{}", "application/json; charset=x", 415, "MR_CONTENT_TYPE_UNSUPPORTED"],
    ["nothing", "", "application/json", 400, "MR_REQUEST_INVALID"],
    ["49 MB", `"${"x".repeat(49 * 1024 ** 2)}"`, "application/json", 413, "MR_BODY_TOO_LARGE"],
  ])("refuses a body that is %s", async (_what, body, type, status, code) => {
    const answer = await post(body, { "content-type": type });
    expect(answer.body["code"]).toBe(code);
    expect(answer.status).toBe(status);
  });
});

describe("the output of a submission", () => {
  it("must be free, unless it is to be overwritten", async () => {
    await mkdir(join(folder, "out"));
    await writeFile(join(folder, "out", "part-00000"), "old");
    const refused = await submit({});
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: "MR_OUTPUT_EXISTS", output: join(folder, "out") });
    expect((await submit({ overwrite: true })).status).toBe(201);
  });

  it("is no file", async () => {
    const output = join(folder, "in.txt");
    await writeFile(output, "data");
    const refused = await submit({ output, overwrite: true });
    expect(refused.body).toMatchObject({ code: "MR_OUTPUT_EXISTS", output });
    expect(await readFile(output, "utf8")).toBe("data");
  });

  it("may be written by one job at a time, also when they come together", async () => {
    const answers = await Promise.all([
      submit({ overwrite: true }),
      submit({ overwrite: true, output: `${folder}//out/` }),
      submit({ overwrite: true }),
    ]);
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([201, 409, 409]);
    expect((await submit({ overwrite: true })).body["code"]).toBe("MR_OUTPUT_EXISTS");
    expect(await jobCount()).toBe(1);
  });

  it.each(["/", "DATA", "DATA/journal", "DATA/output"])("must not be %s", async (place) => {
    const output = place.replace("DATA", join(folder, "data"));
    const { status, body } = await submit({ output, overwrite: true });
    expect(status).toBe(400);
    expect(body.errors?.[0]).toMatchObject({ field: "output" });
    expect((await submit({ output: join(folder, "data", "output", "mine") })).status).toBe(201);
  });

  it("lies in the data folder under the job's id when none is named", async () => {
    const { body } = await post({ ...submissionFor(folder), output: undefined });
    const { id, output } = body["job"] as { id: string; output: string };
    expect(output).toBe(join(folder, "data", "output", id));
  });
});

describe("an Idempotency-Key", () => {
  const key = { "idempotency-key": "key-1" };

  it("gives the same job again, over restarts too", async () => {
    const first = await post(submissionFor(folder), key);
    const second = await post(submissionFor(folder), key);
    expect([first.status, second.status]).toEqual([201, 200]);
    await master.stop();
    await start();
    const third = await post(submissionFor(folder), key);
    expect(third.status).toBe(200);
    const ids = [first, second, third].map(({ body }) => (body["job"] as { id: string }).id);
    expect(new Set(ids).size).toBe(1);
    expect(await jobCount()).toBe(1);
  });

  it("makes one job of requests that come together", async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => post(submissionFor(folder), key)),
    );
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 200, 200, 200, 201]);
    expect(await jobCount()).toBe(1);
  });

  it("is refused for another job", async () => {
    await post(submissionFor(folder), key);
    const other = await post(submissionFor(folder, { attemptsMax: 2 }), key);
    expect(other.status).toBe(422);
    expect(other.body["code"]).toBe("MR_IDEMPOTENCY_MISMATCH");
  });

  it("is free again after a refusal", async () => {
    const refused = await post(submissionFor(folder, { bundleSha256: "0".repeat(64) }), key);
    expect(refused.status).toBe(404);
    expect((await post(submissionFor(folder), key)).status).toBe(201);
  });
});
