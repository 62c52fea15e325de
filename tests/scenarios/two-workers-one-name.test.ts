// Two processes register under one name: a worker that was restarted before its lease ended, or a
// mistake of the operator. The later one wins as a new incarnation; the former one's attempts and
// runs are lost first, so that nothing is ever granted to both.
import { expect, it } from "vitest";
import { Script } from "./script.js";

it("loses everything of the former process first", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.job("a", 2, 1);
  script.done("a/map-0.1", "w1#1");
  expect(script.worker("w1", 1, { processId: "another" })).toEqual([
    "welcome-worker w1#2",
    "launch-map w1#2 a/map-1.2",
  ]);
  expect(script.done("a/map-1.1", "w1#1")).toEqual(["answer-report w1#1 a/map-1.1 refused"]);
  expect(script.done("a/map-1.2", "w1#2")).toEqual([
    "answer-report w1#2 a/map-1.2 accepted",
    "launch-map w1#2 a/map-0.2",
  ]);
});

it("does not resume an incarnation for a process that never had it", () => {
  const script = new Script();
  script.worker("w1", 1);
  expect(script.worker("w1", 1, { processId: "another", resume: 1 })).toEqual([
    "welcome-worker w1#2",
  ]);
  expect(script.worker("w1", 1, { processId: "another", resume: 1 })).toEqual([
    "welcome-worker w1#3",
  ]);
});
