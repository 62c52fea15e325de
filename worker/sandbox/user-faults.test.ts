import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock, systemTimers } from "#shared/clock/system";
import type { Failure } from "#shared/model/result";
import { LocalStorage } from "#shared/storage/local";
import { fixtureOrder, fixtureSpec } from "./fixtures/orders.js";
import type { Outcome } from "./host.js";
import type { AttemptOrder } from "./orders.js";
import { ThreadPool } from "./thread-pool.js";

/** The thread as it runs in a worker, built. */
const dist = new URL("../../dist/", import.meta.url);
const mib = 1024 * 1024;
const input = "first line\nsecond line\nthird line\n";

/** A job that misbehaves as its parameter says; the line numbers matter. */
const jobSource = `import { defineJob, text, tsv } from "millrace";

const kept: unknown[] = [];
const odd = { get message() { throw new Error("no"); }, toString() { throw new Error("no"); } };

function act(how: unknown, line: string): void {
  if (!line.startsWith("second")) return;
  if (how === "throw") throw new TypeError("bad " + line);
  if (how === "throw-odd") throw odd;
  if (how === "exit") process.exit(3);
  if (how === "loop") for (;;);
  if (how === "heap") for (;;) kept.push(Array.from({ length: 1000 }, () => ({ a: Math.random() })));
  if (how === "print") for (let n = 0; n < 100_000; n++) console.log("line", n);
  if (how === "uncaught") setTimeout(() => { throw new RangeError("in a timer"); });
  if (how === "token") console.log(Object.keys(process.env).join());
}

export default defineJob({
  name: "faulty",
  params: { act: { type: "string" } },
  input: text(),
  map: async (line, { emit, params }) => {
    act(params.act, line);
    if (params.act === "reject") void Promise.reject(new TypeError("nobody waits"));
    if (params.act === "uncaught" || params.act === "reject") await new Promise((resolve) => setTimeout(resolve, 50));
    if (params.act === "hang") await new Promise(() => {});
    emit(line, 1);
  },
  output: tsv(),
});
`;

let folder = "";
let bundlePath = "";
let jobFile = "";
let pool: ThreadPool;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-faults-"));
  jobFile = path.join(folder, "faulty-job.ts");
  bundlePath = path.join(folder, "bundle.mjs");
  fs.writeFileSync(jobFile, jobSource);
  await build({
    entryPoints: [jobFile],
    outfile: bundlePath,
    bundle: true,
    format: "esm",
    platform: "node",
    sourcemap: "inline",
    alias: { millrace: new URL("shared/authoring/millrace.js", dist).pathname },
  });
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  pool = new ThreadPool({
    threadUrl: new URL("worker/sandbox/thread.js", dist),
    slots: 1,
    slotMemoryBytes: 128 * mib,
    env: { PATH: "/bin" },
    clock: systemClock,
    timers: systemTimers,
    rssBytes: () => 0,
  });
});

afterEach(() => pool.close());

async function orderOf(act: string, taskTimeoutMs = 30_000): Promise<AttemptOrder> {
  const location = path.join(folder, "in.txt");
  fs.writeFileSync(location, input);
  const stat = await new LocalStorage("/").stat(location.slice(1));
  const range = {
    location,
    startByte: 0,
    endByte: input.length,
    fileBytes: input.length,
    version: stat?.version ?? "",
  };
  return fixtureOrder(path.join(folder, "scratch"), act, {
    spec: fixtureSpec(act, {
      hasReducer: false,
      taskTimeoutMs,
      paramSpecs: { act: { type: "string" } },
    }),
    work: { stage: "map", split: { ranges: [range] } },
    output: path.join(folder, "out"),
    bundlePath,
  });
}

async function run(act: string, taskTimeoutMs?: number): Promise<Outcome> {
  return pool.start(await orderOf(act, taskTimeoutMs), () => {}).outcome;
}

async function failureOf(act: string, taskTimeoutMs?: number): Promise<Failure> {
  const outcome = await run(act, taskTimeoutMs);
  if (outcome.type !== "failed") throw new Error(JSON.stringify(outcome));
  return outcome.failure;
}

describe("user code in a real thread", () => {
  it("that behaves gives a part, and keeps its thread", async () => {
    expect(await run("nothing")).toMatchObject({ type: "done", result: { part: { records: 3 } } });
    expect((await run("nothing")).type).toBe("done");
  });

  it("that throws is told by frame in its own source, record and offset", async () => {
    expect(await failureOf("throw")).toMatchObject({
      code: "MR_USER_CODE_FAILED",
      blame: "user",
      message: "map failed: TypeError: bad second line",
      userFrame: `${jobFile}:8:30`,
      place: { location: path.join(folder, "in.txt"), offset: 11, preview: "second line" },
    });
  });

  it("that throws what cannot be shown is told too", async () => {
    const failure = await failureOf("throw-odd");
    expect(failure.message).toContain("was thrown");
    expect(failure.place?.offset).toBe(11);
  });

  it.each([
    ["exits", "exit", "MR_USER_CODE_EXITED"],
    ["loops for ever", "loop", "MR_USER_CODE_STUCK"],
    ["waits for ever", "hang", "MR_USER_CODE_STUCK"],
    ["fills its heap", "heap", "MR_MEMORY_EXHAUSTED"],
  ])("that %s costs one attempt", async (_name, act, code) => {
    const taskTimeoutMs = code === "MR_USER_CODE_STUCK" ? 300 : 30_000;
    expect(await failureOf(act, taskTimeoutMs)).toMatchObject({ code, blame: "user" });
    expect((await run("nothing")).type).toBe("done");
  });

  it("that forgets a rejection or throws in a timer fails its attempt", async () => {
    const rejected = await failureOf("reject");
    expect(rejected.message).toBe("map failed: TypeError: nobody waits");
    expect(rejected.userFrame).toMatch(/^.*faulty-job\.ts:24:/);
    expect((await failureOf("uncaught")).message).toBe("map failed: RangeError: in a timer");
  });

  it("that prints 100,000 lines goes on", async () => {
    expect((await run("print")).type).toBe("done");
    const { logPath } = await orderOf("print");
    expect(fs.readFileSync(logPath, "utf8").endsWith("line 99999\n")).toBe(true);
  });

  it("sees the environment that it is given, and no other", async () => {
    await run("token");
    const { logPath } = await orderOf("token");
    expect(fs.readFileSync(logPath, "utf8")).toBe("PATH\n");
  });
});
