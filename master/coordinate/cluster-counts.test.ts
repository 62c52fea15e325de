import { describe, expect, it } from "vitest";
import { createState, type State } from "#master/schedule/state";
import { step } from "#master/schedule/step";
import { jobSpecSchema, type JobSpec } from "#shared/model/job";
import { ClusterCounts } from "./cluster-counts.js";
import { forgettable } from "./retention.js";

const spec = jobSpecSchema.parse({
  name: "x",
  bundleSha256: "0".repeat(64),
  inputs: ["/in"],
  reader: { kind: "text" },
  writer: { kind: "tsv" },
  hasReducer: true,
});

function submit(state: State, jobId: string, atMs: number, fields: Partial<JobSpec> = {}): void {
  const given = { ...spec, ...fields };
  step(state, { type: "job-submitted", jobId, spec: given, output: `/out/${jobId}` }, atMs);
}
function plan(state: State, jobId: string, mapCount: number): void {
  const splits = Array.from({ length: mapCount }, () => ({ ranges: [] }));
  const planned = { splits, partitionCount: 2, inputBytes: 1, fileCount: 1, reasons: [] };
  step(state, { type: "job-planned", jobId, plan: planned }, 5);
}
function cancel(state: State, jobId: string, atMs: number): void {
  step(state, { type: "cancel-requested", jobId }, atMs);
}
function register(state: State, workerId: string, slots: number): void {
  const worker = { processId: "p", resume: null, slotMemoryBytes: 1, runAddress: "", version: "" };
  step(state, { type: "worker-registered", workerId, slots, attempts: [], ...worker }, 1);
}

describe("cluster counts", () => {
  it("are those of the state", () => {
    const state = createState();
    register(state, "w1", 2);
    submit(state, "a", 1);
    submit(state, "b", 2);
    plan(state, "a", 5);
    expect(new ClusterCounts().of(state)).toMatchObject({
      jobs: { running: 1, planning: 1 },
      workers: { ready: 1, draining: 0 },
      slotsTotal: 2,
      slotsUsed: 2,
      attempts: { started: 2, failed: 0, lost: 0 },
    });
    const { tasks } = new ClusterCounts().of(state);
    expect(tasks).toContainEqual({ stage: "map", state: "pending", count: 3 });
    expect(tasks).toContainEqual({ stage: "map", state: "running", count: 2 });
    expect(tasks).toContainEqual({ stage: "reduce", state: "pending", count: 2 });
  });

  it("do not fall when a job is forgotten", () => {
    const state = createState();
    const counts = new ClusterCounts();
    register(state, "w1", 2);
    submit(state, "a", 1);
    plan(state, "a", 5);
    cancel(state, "a", 9);
    const job = state.jobs.get("a");
    if (job !== undefined) counts.forget(job);
    step(state, { type: "job-forgotten", jobId: "a" }, 10);
    expect(counts.of(state).attempts.started).toBe(2);
    expect(counts.of(state).jobs).toEqual({});
  });

  it("count a job with steps once, and the attempts of its runs whether they go on or not", () => {
    const state = createState();
    const counts = new ClusterCounts();
    register(state, "w1", 2);
    submit(state, "a", 1, { totalOrder: true });
    const [sample = ""] = state.jobs.get("a")?.chain?.children ?? [];
    plan(state, sample, 5);
    expect(counts.of(state)).toMatchObject({ jobs: { running: 1 }, attempts: { started: 2 } });
    cancel(state, "a", 9);
    expect(counts.of(state)).toMatchObject({ jobs: { cancelled: 1 }, attempts: { started: 2 } });
    expect(forgettable(state, 0)).toEqual(["a"]);
    const job = state.jobs.get("a");
    if (job !== undefined) counts.forget(job);
    step(state, { type: "job-forgotten", jobId: "a" }, 10);
    expect(counts.of(state)).toMatchObject({ jobs: {}, attempts: { started: 2 } });
  });
});

describe("retention", () => {
  it("forgets what ended first, and nothing that goes on", () => {
    const state = createState();
    for (const jobId of ["a", "b", "c", "d"]) submit(state, jobId, 1);
    cancel(state, "c", 10);
    cancel(state, "a", 20);
    cancel(state, "b", 30);
    expect(forgettable(state, 3)).toEqual([]);
    expect(forgettable(state, 2)).toEqual(["c"]);
    expect(forgettable(state, 0)).toEqual(["c", "a", "b"]);
  });
});
