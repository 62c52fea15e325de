// The connection of a worker breaks and comes back within its lease: the same process resumes its
// incarnation, and what runs there goes on. What was said into the broken connection may be lost in
// both directions, so both sides compare: attempts that the worker does not know are lost, attempts
// that we do not know are cancelled, and a reduce is told of all runs again.
import { expect, it } from "vitest";
import { refOf, Script } from "./script.js";

it("goes on with what both sides know", () => {
  const script = new Script();
  script.worker("w1", 3);
  script.job("a", 2, 1);
  script.done("a/map-0.1", "w1#1");
  script.feed({ type: "worker-disconnected", workerId: "w1", incarnation: 1, registration: 1 });
  const attempts = [refOf("a/reduce-0.1"), refOf("a/map-0.1"), refOf("z/map-5.1")];
  expect(script.worker("w1", 3, { resume: 1, attempts })).toEqual([
    "welcome-worker w1#1",
    "announce-runs w1#1 a/reduce-0.1 runs [w1: 0.1]",
    "cancel-attempt w1#1 z/map-5.1: the coordinator does not expect this attempt any more",
    "launch-map w1#1 a/map-1.2",
  ]);
  expect(script.done("a/map-0.1", "w1#1")).toEqual(["answer-report w1#1 a/map-0.1 accepted"]);
});

it("launches nothing while the worker is away, and is not misled by the end of an older connection", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.feed({ type: "worker-disconnected", workerId: "w1", incarnation: 1, registration: 1 });
  expect(script.job("a", 1, 0)).toEqual(["plan-job a"]);
  expect(script.worker("w1", 1, { resume: 1 })).toEqual([
    "welcome-worker w1#1",
    "launch-map w1#1 a/map-0.1",
  ]);
  script.feed({ type: "worker-disconnected", workerId: "w1", incarnation: 1, registration: 1 });
  expect(script.state.workers.get("w1")?.connected).toBe(true);
});

it("takes the slot of a waiting reduce when its worker is back and a map must run again", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 1);
  script.job("a", 1, 1);
  script.done("a/map-0.1", "w1#1");
  script.feed({ type: "worker-disconnected", workerId: "w2", incarnation: 2 });
  expect(script.lost("w1#1")).toEqual(["withdraw-run w2#2 a/reduce-0.1 0.1"]);
  expect(script.worker("w2", 1, { resume: 2, attempts: [refOf("a/reduce-0.1")] })).toEqual([
    "welcome-worker w2#2",
    "cancel-attempt w2#2 a/reduce-0.1: preempted: a map task of the job must run again and no slot is free",
    "launch-map w2#2 a/map-0.2",
  ]);
});
