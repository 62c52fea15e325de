// A job with steps is a chain: a job without tasks that owns one job after another, one for each run
// of a step. Each reads what the one before it wrote below the chain's private folder. The chain is
// committed after its last run, fails with the first run that fails, and takes its runs along when it
// is cancelled or forgotten.
import { describe, expect, it } from "vitest";
import { jobCounters, findJob } from "#master/schedule/views";
import { deserialise, serialise } from "#master/schedule/serialise";
import { listLinks } from "#master/schedule/chain-views";
import { createState } from "#master/schedule/state";
import type { JobSubmission, SourceSpec } from "#shared/model/job";
import { isJobId } from "#shared/model/ids";
import { Script } from "./script.js";

type Step = NonNullable<JobSubmission["steps"]>[number];

const lines: SourceSpec = { name: "input", inputs: ["/in"], reader: { kind: "text" } };
const former: SourceSpec = { name: "input", inputs: [], reader: { kind: "former" } };

function step(name: string, fields: Partial<Step> = {}): Step {
  return { name, hasReducer: false, sources: [former], ...fields };
}

/** Every run has one map task and no reduce, and counts `left`. */
function run(script: Script, jobId: string, left = 0): string[] {
  script.planned(jobId, 1, 0);
  const counters = { "user.left": left, "map.records.in": 1 };
  const seen = script.done(`${jobId}/map-0.1`, "w1#1", { counters });
  expect(seen.at(-1)).toBe(`commit-job ${jobId}`);
  return script.committed(jobId);
}

function chain(steps: Step[]): Script {
  const script = new Script();
  script.worker("w1", 1);
  script.submit("a", { steps });
  return script;
}

const first = step("one", { sources: [lines] });

describe("a chain", () => {
  it("runs its steps one after another and is committed after the last one", () => {
    const script = new Script();
    script.worker("w1", 1);
    expect(script.submit("a", { steps: [first, step("two")] })).toEqual(["plan-job a.one"]);
    expect(run(script, "a.one", 3)).toEqual(["clean-job a.one", "plan-job a.two"]);
    const two = script.state.jobs.get("a.two");
    expect(two).toMatchObject({
      output: "/out/a/_pending-a/two",
      spec: {
        writer: { kind: "tsv" },
        sources: [
          { name: "input", inputs: ["/out/a/_pending-a/one"], reader: { kind: "records" } },
        ],
        stepRun: { parentId: "a", stepIndex: 1, round: 1, formerCounters: { left: 3 } },
      },
    });
    expect(script.state.jobs.get("a.one")?.spec.writer).toEqual({ kind: "records" });
    expect(run(script, "a.two", 4)).toEqual(["clean-job a.two", "commit-job a"]);
    expect(findJob(script.state, "a")?.status).toBe("committing");
    expect(script.committed("a")).toEqual(["clean-job a"]);
    expect(findJob(script.state, "a")).toMatchObject({
      status: "succeeded",
      map: { taskCount: 2, counts: { done: 2 } },
      attemptCounts: { done: 2 },
    });
    expect(jobCounters(script.state, "a")).toEqual({ "user.left": 7, "map.records.in": 2 });
  });

  it("looks at keys before a step in total order, also where that is its only one", () => {
    const script = new Script();
    script.worker("w1", 1);
    const id = "sort-20260101-000000-abcd";
    const submitted = script.submit(id, { name: "sort", totalOrder: true, partitionCount: 3 });
    const sample = "sort.sort.sample-20260101-000000-abcd";
    expect(isJobId(sample)).toBe(true);
    expect(submitted).toEqual([`plan-job ${sample}`]);
    expect(script.state.jobs.get(sample)).toMatchObject({
      output: `/out/${id}/_pending-${id}/sort.sample`,
      spec: { hasReducer: false, writer: { kind: "records" }, stepRun: { stepIndex: 0 } },
    });
    expect(script.state.jobs.get(sample)?.spec.stepRun?.sampleKeysMax).toBeGreaterThan(0);
    const sorting = "sort.sort-20260101-000000-abcd";
    expect(run(script, sample, 2)).toEqual([`clean-job ${sample}`, `plan-job ${sorting}`]);
    expect(script.state.jobs.get(sorting)?.spec).toMatchObject({
      totalOrder: true,
      partitionCount: 3,
      writer: { kind: "tsv" },
      sources: [lines],
    });
    expect(listLinks(script.state, id).map(({ kind }) => kind)).toEqual(["sample", "run"]);
    // What the sample mapped is mapped once more, and counted once.
    expect(jobCounters(script.state, id)).toEqual({});
    run(script, sorting, 2);
    expect(jobCounters(script.state, id)).toEqual({ "user.left": 2, "map.records.in": 1 });
  });

  it("repeats a step until its counter says so, and keeps no output that nobody reads", () => {
    const repeat = { until: { counter: "left", atMost: 1 }, roundsMax: 9 };
    const script = chain([first, step("loop", { repeat }), step("end")]);
    const folder = "/out/a/_pending-a";
    run(script, "a.one", 0);
    expect(run(script, "a.loop.1", 5)).toEqual([
      "clean-job a.loop.1",
      `remove-output ${folder}/one`,
      "plan-job a.loop.2",
    ]);
    expect(script.state.jobs.get("a.loop.2")?.spec.sources).toMatchObject([
      { inputs: [`${folder}/loop.1`] },
    ]);
    expect(run(script, "a.loop.2", 1)).toEqual([
      "clean-job a.loop.2",
      `remove-output ${folder}/loop.1`,
      "plan-job a.end",
    ]);
    expect(script.state.jobs.get("a.end")?.spec.stepRun?.formerCounters).toEqual({ left: 1 });
  });

  it("ends a loop after so many rounds, and writes the last one of a last step as output", () => {
    const repeat = { until: { counter: "left", atMost: 0 }, roundsMax: 2 };
    const script = chain([step("loop", { sources: [lines, { ...former, name: "old" }], repeat })]);
    // Nothing comes before the first round.
    expect(script.state.jobs.get("a.loop.1")?.spec.sources).toMatchObject([
      { inputs: ["/in"] },
      { inputs: [], reader: { kind: "records" } },
    ]);
    run(script, "a.loop.1", 5);
    expect(script.state.jobs.get("a.loop.2")?.spec.writer).toEqual({ kind: "records" });
    expect(run(script, "a.loop.2", 5).at(-1)).toBe("plan-job a.loop.2.copy");
    expect(script.state.jobs.get("a.loop.2.copy")?.spec).toMatchObject({
      writer: { kind: "tsv" },
      hasReducer: false,
      sources: [{ inputs: ["/out/a/_pending-a/loop.2"] }],
      stepRun: { copies: true },
    });
    expect(run(script, "a.loop.2.copy").at(-1)).toBe("commit-job a");
  });

  it("forgets rounds of long ago, but not what they summed up to", () => {
    const repeat = { until: { counter: "left", atMost: 0 }, roundsMax: 50 };
    const script = new Script();
    script.state = createState({ chainRunsMax: 4 });
    script.worker("w1", 1);
    script.submit("a", { steps: [step("loop", { sources: [lines], repeat }), step("end")] });
    for (let round = 1; round <= 20; round++) run(script, `a.loop.${round}`, 1);
    expect([...script.state.jobs.keys()]).toEqual([
      "a",
      "a.loop.18",
      "a.loop.19",
      "a.loop.20",
      "a.loop.21",
    ]);
    expect(findJob(script.state, "a")).toMatchObject({ leftOut: 17, attemptCounts: { done: 20 } });
    expect(jobCounters(script.state, "a")["user.left"]).toBe(20);
    expect(listLinks(script.state, "a").at(-1)).toMatchObject({ name: "end", jobId: null });
  });
});

describe("the end of a chain", () => {
  it("comes with the first run that fails, whose failure it has", () => {
    const script = chain([first, step("two", { hasReducer: true })]);
    run(script, "a.one");
    script.planned("a.two", 1, 1);
    expect(script.failed("a.two/map-0.1", "w1#1", { permanent: true })).toEqual([
      "answer-report w1#1 a.two/map-0.1 accepted",
      "clean-job a.two",
      "clean-job a",
    ]);
    expect(findJob(script.state, "a")).toMatchObject({
      status: "failed",
      runId: "a.two",
      failure: { failure: { message: "step two: no luck" }, stage: "map", taskIndex: 0 },
    });
  });

  it("comes with a cancel, which stops the run; a run alone is not cancelled or forgotten", () => {
    const script = chain([first, step("two")]);
    script.planned("a.one", 1, 0);
    expect(script.feed({ type: "cancel-requested", jobId: "a.one" })).toEqual([]);
    expect(script.feed({ type: "cancel-requested", jobId: "a" })).toEqual([
      "cancel-attempt w1#1 a.one/map-0.1: the job was cancelled",
      "clean-job a.one",
      "clean-job a",
    ]);
    expect(findJob(script.state, "a")?.status).toBe("cancelled");
    expect(script.feed({ type: "job-forgotten", jobId: "a.one" })).toEqual([]);
    expect(script.feed({ type: "job-forgotten", jobId: "a" })).toEqual([
      "forget-job a",
      "forget-job a.one",
    ]);
    expect(script.state.jobs.size).toBe(0);
  });

  it("waits for the commit of a run that began, when it is cancelled", () => {
    const script = chain([first, step("two")]);
    script.planned("a.one", 1, 0);
    script.done("a.one/map-0.1", "w1#1");
    expect(script.feed({ type: "cancel-requested", jobId: "a" })).toEqual([]);
    expect(findJob(script.state, "a")?.status).toBe("cancelling");
    expect(script.feed({ type: "cancel-requested", jobId: "a" })).toEqual([]);
    expect(script.committed("a.one")).toEqual(["clean-job a.one", "clean-job a"]);
    expect(findJob(script.state, "a")?.status).toBe("cancelled");
  });

  it("is decided by its own commit once that began", () => {
    const script = chain([first]);
    run(script, "a.one");
    expect(script.feed({ type: "cancel-requested", jobId: "a" })).toEqual([]);
    expect(findJob(script.state, "a")?.status).toBe("cancelling");
    script.state = deserialise(JSON.parse(JSON.stringify(serialise(script.state))));
    expect(script.feed({ type: "coordinator-started" })).toEqual([
      "commit-job a",
      "clean-job a.one",
    ]);
    expect(script.committed("a")).toEqual(["clean-job a"]);
    expect(findJob(script.state, "a")?.status).toBe("succeeded");
  });
});

it("repeats after a restart what a crash may have swallowed of a chain", () => {
  const repeat = { until: { counter: "left", atMost: 0 }, roundsMax: 9 };
  const script = chain([first, step("loop", { repeat })]);
  run(script, "a.one");
  run(script, "a.loop.1", 1);
  const saved = JSON.stringify(serialise(script.state));
  script.state = deserialise(JSON.parse(saved));
  expect(JSON.stringify(serialise(script.state))).toBe(saved);
  expect(script.feed({ type: "coordinator-started" })).toEqual([
    "remove-output /out/a/_pending-a/one",
    "clean-job a.one",
    "clean-job a.loop.1",
    "plan-job a.loop.2",
  ]);
});
