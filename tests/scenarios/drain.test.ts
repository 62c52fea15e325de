// A worker is asked to leave (SIGTERM). It gets nothing new, finishes what it runs, and serves its
// runs until no reduce needs them; then it may go, and nothing has to run again.
import { expect, it } from "vitest";
import { Script } from "./script.js";

it("keeps a draining worker as long as its runs are needed", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 1);
  script.job("a", 2, 1);
  expect(script.feed({ type: "worker-draining", workerId: "w1", incarnation: 1 })).toEqual([]);
  expect(script.done("a/map-0.1", "w1#1")).toEqual(["answer-report w1#1 a/map-0.1 accepted"]);
  expect(script.done("a/map-1.1", "w2#2")).toEqual([
    "answer-report w2#2 a/map-1.1 accepted",
    "launch-reduce w2#2 a/reduce-0.1 runs [w1: 0.1; w2: 1.1]",
  ]);
  expect(script.done("a/reduce-0.1", "w2#2")).toEqual([
    "answer-report w2#2 a/reduce-0.1 accepted",
    "commit-job a",
    "release-worker w1#1",
  ]);
  expect(script.lost("w1#1", "left")).toEqual([]);
});

it("lets an idle worker go at once, and says so again when asked again", () => {
  const script = new Script();
  script.worker("w1", 1);
  const draining = { type: "worker-draining", workerId: "w1", incarnation: 1 } as const;
  expect(script.feed(draining)).toEqual(["release-worker w1#1"]);
  expect(script.feed(draining)).toEqual(["release-worker w1#1"]);
  expect(script.worker("w1", 1, { resume: 1 })).toEqual([
    "welcome-worker w1#1",
    "release-worker w1#1",
  ]);
});
