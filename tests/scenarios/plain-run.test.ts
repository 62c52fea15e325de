// A job from submit to success on two workers of one slot each, when nothing goes wrong. Every map
// runs exactly once (MIT 6.5840, "job count"), reduces start while the last map runs and are told of
// its run when it finishes, and the job is committed only when every reduce is done.
import { expect, it } from "vitest";
import { jobCounters } from "#master/schedule/views";
import { Script } from "./script.js";

it("runs each task once and commits at the end", () => {
  const script = new Script();
  expect(script.worker("w1", 1)).toEqual(["welcome-worker w1#1"]);
  expect(script.worker("w2", 1)).toEqual(["welcome-worker w2#2"]);
  expect(script.job("a", 3, 2)).toEqual([
    "plan-job a",
    "launch-map w1#1 a/map-0.1",
    "launch-map w2#2 a/map-1.1",
  ]);
  expect(script.done("a/map-0.1", "w1#1", { counters: { records: 5 } })).toEqual([
    "answer-report w1#1 a/map-0.1 accepted",
    "launch-map w1#1 a/map-2.1",
  ]);
  expect(script.done("a/map-1.1", "w2#2", { counters: { records: 7 } })).toEqual([
    "answer-report w2#2 a/map-1.1 accepted",
    "launch-reduce w2#2 a/reduce-0.1 runs [w1: 0.1; w2: 1.1]",
  ]);
  expect(script.done("a/map-2.1", "w1#1")).toEqual([
    "answer-report w1#1 a/map-2.1 accepted",
    "announce-runs w2#2 a/reduce-0.1 runs [w1: 2.1]",
    "launch-reduce w1#1 a/reduce-1.1 runs [w1: 0.1 2.1; w2: 1.1]",
  ]);
  expect(script.done("a/reduce-1.1", "w1#1")).toEqual(["answer-report w1#1 a/reduce-1.1 accepted"]);
  expect(script.done("a/reduce-0.1", "w2#2")).toEqual([
    "answer-report w2#2 a/reduce-0.1 accepted",
    "commit-job a",
  ]);
  const summary = { output: "/out/a", partCount: 2, records: 2, bytes: 2 };
  expect(script.feed({ type: "commit-done", jobId: "a", summary })).toEqual(["clean-job a"]);
  expect(script.state.jobs.get("a")?.status).toBe("succeeded");
  expect(jobCounters(script.state, "a")).toEqual({ records: 12 });
});

it("commits a job without any map at once, and one without reduces after its maps", () => {
  const script = new Script();
  expect(script.job("empty", 0, 0)).toEqual(["plan-job empty", "commit-job empty"]);
  script.worker("w1", 1);
  expect(script.job("maps", 1, 0)).toEqual(["plan-job maps", "launch-map w1#1 maps/map-0.1"]);
  expect(script.done("maps/map-0.1", "w1#1")).toEqual([
    "answer-report w1#1 maps/map-0.1 accepted",
    "commit-job maps",
  ]);
});
