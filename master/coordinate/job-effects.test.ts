import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "#master/schedule/events";
import { createState, type State } from "#master/schedule/state";
import { step } from "#master/schedule/step";
import { SimulatedTime } from "#shared/clock/simulated";
import { fault } from "#shared/errors/fault";
import { silentLogger } from "#shared/log/logger";
import { jobSpecSchema } from "#shared/model/job";
import type { ObjectStat } from "#shared/storage/backend";
import { LocalStorage } from "#shared/storage/local";
import { JobEffects } from "./job-effects.js";

/** Storage that is away for a number of moves, or of looks. */
class AwayStorage extends LocalStorage {
  awayCount = 0;
  blindCount = 0;

  override async stat(key: string): Promise<ObjectStat | null> {
    if (this.blindCount > 0) {
      this.blindCount -= 1;
      throw fault("MR_STORAGE_UNAVAILABLE", "storage is away");
    }
    return super.stat(key);
  }

  override async move(fromKey: string, toKey: string): Promise<void> {
    if (this.awayCount > 0) {
      this.awayCount -= 1;
      throw fault("MR_STORAGE_UNAVAILABLE", "storage is away");
    }
    await super.move(fromKey, toKey);
  }
}

const jobId = "x-20260101-000000-aaaa";
let folder: string;
let output: string;
let backend: AwayStorage;
let state: State;
let time: SimulatedTime;
let offered: Event[];
let effects: JobEffects;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "job-effects-"));
  output = join(folder, "out");
  backend = new AwayStorage("/", { durable: false });
  state = createState();
  time = new SimulatedTime(1_000);
  offered = [];
  effects = new JobEffects({
    backend,
    dataKey: folder.slice(1),
    clock: time,
    timers: time,
    log: silentLogger(),
    state: () => state,
    offer: (event) => offered.push(event),
  });
  const spec = jobSpecSchema.parse({
    name: "x",
    bundleSha256: "0".repeat(64),
    inputs: [join(folder, "in")],
    reader: { kind: "text" },
    writer: { kind: "tsv" },
    hasReducer: false,
  });
  step(state, { type: "job-submitted", jobId, spec, output }, 1);
});
afterEach(async () => {
  await effects.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A map-only job with one task, whose part is written. */
async function finishTasks(): Promise<void> {
  const plan = { splits: [{ ranges: [] }], partitionCount: 0, inputBytes: 1, fileCount: 1 };
  step(state, { type: "job-planned", jobId, plan: { ...plan, reasons: [] } }, 2);
  const worker = { processId: "p", resume: null, slotMemoryBytes: 1, runAddress: "", version: "" };
  step(state, { type: "worker-registered", workerId: "w1", slots: 1, attempts: [], ...worker }, 3);
  const ref = { jobId, stage: "map", taskIndex: 0, attempt: 1 } as const;
  const location = join(output, `_pending-${jobId}`, "map-00000.1");
  await mkdir(join(location, ".."), { recursive: true });
  await writeFile(location, "one\n");
  const part = { location, records: 1, bytes: 4, sha256: "0".repeat(64) };
  const result = { counters: {}, hasRun: false, parts: [part], durationMs: 1 };
  step(state, { type: "attempt-done", workerId: "w1", incarnation: 1, ref, result }, 4);
  expect(state.jobs.get(jobId)?.status).toBe("committing");
}

/** Lets time pass until the effect said how it ended. */
async function outcome(): Promise<Event> {
  for (;;) {
    const [event] = offered;
    if (event !== undefined) return event;
    time.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("planning", () => {
  it("fails the job for good when the input is not there", async () => {
    effects.startPlan(jobId);
    expect(await outcome()).toMatchObject({
      type: "plan-failed",
      failure: { code: "MR_INPUT_NOT_FOUND", permanent: true },
    });
  });

  it("waits for storage that is away for a while", async () => {
    await writeFile(join(folder, "in"), "a\nb\n");
    backend.blindCount = 3;
    effects.startPlan(jobId);
    expect(await outcome()).toMatchObject({ type: "job-planned" });
  });

  it("fails the job when storage stays away", async () => {
    backend.blindCount = 1_000;
    effects.startPlan(jobId);
    expect(await outcome()).toMatchObject({
      type: "plan-failed",
      failure: { code: "MR_STORAGE_UNAVAILABLE" },
    });
    expect(backend.blindCount).toBe(996);
  });

  it("is not tried again for a job that was cancelled meanwhile", async () => {
    backend.blindCount = 1_000;
    effects.startPlan(jobId);
    step(state, { type: "cancel-requested", jobId }, 2);
    for (let turn = 0; turn < 20; turn += 1) {
      time.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(backend.blindCount).toBe(999);
    expect(offered).toEqual([]);
  });

  it("runs once at a time, and finds out what is there", async () => {
    await writeFile(join(folder, "in"), "a\nb\n");
    effects.startPlan(jobId);
    effects.startPlan(jobId);
    expect(await outcome()).toMatchObject({ type: "job-planned", plan: { inputBytes: 4 } });
    await effects.stop();
    expect(offered).toHaveLength(1);
  });
});

describe("committing", () => {
  it("waits for storage that is away for a while", async () => {
    await finishTasks();
    backend.awayCount = 3;
    effects.startCommit(jobId);
    expect(await outcome()).toMatchObject({ type: "commit-done", summary: { records: 1 } });
    expect(readdirSync(output).toSorted()).toEqual(["_SUCCESS", "manifest.json", "part-00000"]);
  });

  it("fails the job when storage stays away", async () => {
    await finishTasks();
    backend.awayCount = 1_000;
    effects.startCommit(jobId);
    expect(await outcome()).toMatchObject({
      type: "commit-failed",
      failure: { code: "MR_STORAGE_UNAVAILABLE" },
    });
    expect(readdirSync(output)).not.toContain("_SUCCESS");
  });

  it("is left to the next start when the master stops meanwhile", async () => {
    await finishTasks();
    backend.awayCount = 1_000;
    effects.startCommit(jobId);
    await effects.stop();
    expect(offered).toEqual([]);
  });

  it("fails the job when a part is not as it was reported", async () => {
    await finishTasks();
    await writeFile(join(output, `_pending-${jobId}`, "map-00000.1"), "one and more\n");
    effects.startCommit(jobId);
    expect(await outcome()).toMatchObject({
      type: "commit-failed",
      failure: { code: "MR_OUTPUT_CORRUPT" },
    });
  });
});

describe("cleaning up", () => {
  it("removes what attempts of a cancelled job wrote, and nothing else", async () => {
    await finishTasks();
    await writeFile(join(output, "mine.txt"), "not of this job");
    state = createState();
    const spec = jobSpecSchema.parse({
      name: "x",
      bundleSha256: "0".repeat(64),
      inputs: ["/in"],
      reader: { kind: "text" },
      writer: { kind: "tsv" },
      hasReducer: false,
    });
    step(state, { type: "job-submitted", jobId, spec, output }, 1);
    step(state, { type: "cancel-requested", jobId }, 2);
    effects.startClean(jobId);
    await effects.stop();
    expect(readdirSync(output)).toEqual(["mine.txt"]);
  });
});
