import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { InputRange } from "#shared/model/split";
import { LocalStorage } from "#shared/storage/local";
import { bundle, newPool } from "./fixtures/local-job.js";
import { fixtureOrder, fixtureSpec } from "./fixtures/orders.js";
import type { Outcome } from "./host.js";
import type { ThreadPool } from "./thread-pool.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-side-thread-"));
const source = `
  import { defineJob, text, sideLines, tsv } from "millrace";
  let before;
  export default defineJob({
    name: "j", input: text(), side: { words: sideLines() },
    setup: ({ side, count }) => {
      if (side.words === before) count("kept");
      before = side.words;
    },
    map: (line, { side, count }) => { if (side.words.includes(line)) count("known"); },
    output: tsv(),
  });`;
let pool: ThreadPool;
let bundlePath = "";

beforeAll(async () => {
  bundlePath = await bundle(source, path.join(folder, "job.mjs"));
  pool = newPool();
});

afterAll(async () => {
  await pool.close();
  fs.rmSync(folder, { recursive: true });
});

async function file(name: string, content: string): Promise<InputRange> {
  const location = path.join(folder, name);
  fs.writeFileSync(location, content);
  const stat = await new LocalStorage("/").stat(location.slice(1));
  const fileBytes = Buffer.byteLength(content);
  const version = stat?.version ?? "";
  return { location, startByte: 0, endByte: fileBytes, fileBytes, version };
}

async function map(attempt: number, input: InputRange, words: InputRange): Promise<Outcome> {
  const spec = fixtureSpec("", {
    params: {},
    hasReducer: false,
    sides: [{ name: "words", as: "lines", inputs: [words.location] }],
  });
  const order = fixtureOrder(path.join(folder, "scratch"), "", {
    ref: { jobId: "j-20261120-120000-abcd", stage: "map", taskIndex: 0, attempt },
    spec,
    work: { stage: "map", split: { ranges: [input] } },
    sides: [[words]],
    bundlePath,
    output: path.join(folder, "out"),
  });
  return pool.start(order, () => undefined).outcome;
}

it("side inputs are there before setup, kept between attempts of a thread, and of one version", async () => {
  const input = await file("input", "a\nb\nc\n");
  const words = await file("words", "a\nc\n");
  const first = await map(1, input, words);
  const second = await map(2, input, words);
  expect(first).toMatchObject({ type: "done", result: { counters: { "user.known": 2 } } });
  expect(second).toMatchObject({
    type: "done",
    result: { counters: { "user.known": 2, "user.kept": 1 } },
  });
  const changed = { ...words, version: "another" };
  expect(await map(3, input, changed)).toMatchObject({
    type: "failed",
    failure: {
      code: "MR_INPUT_CHANGED",
      message: expect.stringMatching(/^load failed: side input words: .+words/),
      permanent: true,
    },
  });
});
