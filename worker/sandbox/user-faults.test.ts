import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
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

/** A job that misbehaves as its parameter says. */
const jobSource = fileURLToPath(new URL("./fixtures/faulty-job.mjs", import.meta.url));

let folder = "";
let jobFile = "";
let bundlePath = "";
let pool: ThreadPool;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-faults-"));
  // Away from the engine's own folders, whose frames are not the user's.
  jobFile = path.join(folder, "faulty-job.mjs");
  fs.copyFileSync(jobSource, jobFile);
  bundlePath = path.join(folder, "bundle.mjs");
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
    expect(await run("nothing")).toMatchObject({
      type: "done",
      result: { parts: [{ records: 3 }] },
    });
    expect((await run("nothing")).type).toBe("done");
  });

  it("that throws is told by frame in its own source, record and offset", async () => {
    expect(await failureOf("throw")).toMatchObject({
      code: "MR_USER_CODE_FAILED",
      blame: "user",
      message: "map failed: TypeError: bad second line",
      userFrame: `${jobFile}:15:11`,
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
    expect(rejected.userFrame).toMatch(/faulty-job\.mjs:\d+:\d+$/);
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
