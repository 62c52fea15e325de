// A worker is frozen past its lease (SIGSTOP). Its task is given to another worker. When it wakes it
// does not know that time passed and reports its result: the report is refused, so that exactly one
// attempt's output is committed, and it comes back as a new incarnation with nothing.
import { expect, it } from "vitest";
import { winningParts } from "#master/schedule/views";
import { refOf, Script } from "./script.js";

it("refuses the late commit of a frozen worker, also after it registered anew", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 1);
  script.job("a", 1, 0);
  expect(script.lost("w1#1")).toEqual(["launch-map w2#2 a/map-0.2"]);
  expect(script.done("a/map-0.1", "w1#1")).toEqual(["answer-report w1#1 a/map-0.1 refused"]);
  expect(script.worker("w1", 1, { resume: 1, attempts: [refOf("a/map-0.1")] })).toEqual([
    "welcome-worker w1#3",
    "cancel-attempt w1#3 a/map-0.1: the coordinator does not expect this attempt any more",
  ]);
  expect(script.done("a/map-0.1", "w1#3")).toEqual(["answer-report w1#3 a/map-0.1 refused"]);
  expect(script.done("a/map-0.2", "w2#2")).toEqual([
    "answer-report w2#2 a/map-0.2 accepted",
    "commit-job a",
  ]);
  expect(winningParts(script.state, "a").map((part) => part.location)).toEqual(["map-00000.2"]);
});

it("answers a repeated report as it answered the first one", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.job("a", 1, 0);
  script.done("a/map-0.1", "w1#1");
  expect(script.done("a/map-0.1", "w1#1")).toEqual(["answer-report w1#1 a/map-0.1 accepted"]);
  expect(script.failed("a/map-0.1", "w1#1")).toEqual(["answer-report w1#1 a/map-0.1 refused"]);
  expect(script.done("a/map-0.7", "w1#1")).toEqual(["answer-report w1#1 a/map-0.7 refused"]);
  expect(script.done("b/map-0.1", "w1#1")).toEqual(["answer-report w1#1 b/map-0.1 refused"]);
});

it("takes no result without its output, and no reduce before the maps", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 1);
  script.job("a", 1, 1, { attemptsMax: 1 });
  expect(script.done("a/reduce-0.1", "w2#2")).toEqual([
    "answer-report w2#2 a/reduce-0.1 accepted",
    "set-retry-timer a/reduce-0",
  ]);
  expect(script.done("a/map-0.1", "w1#1", { hasRun: false })).toEqual([
    "answer-report w1#1 a/map-0.1 accepted",
    "set-retry-timer a/map-0",
  ]);
});
