// A worker is lost after its maps finished. Their runs lay on its disk, so a job with reduces needs
// them again (MapReduce paper, section 3.3: completed map tasks are re-executed on a failure because
// their output is stored on the local disks). What reached the storage survives: parts of reduces
// and of map-only jobs. None of it is a failure of the user's code.
import { expect, it } from "vitest";
import { jobCounters, listAttempts } from "#master/schedule/views";
import { Script } from "./script.js";

it("runs finished maps again where a reduce still needs them, without blame", () => {
  const script = new Script();
  script.worker("w1", 2);
  script.worker("w2", 2);
  script.job("a", 3, 1, { attemptsMax: 1 });
  script.done("a/map-0.1", "w1#1", { counters: { records: 1 } });
  script.done("a/map-2.1", "w1#1", { counters: { records: 2 } });
  expect(script.lost("w1#1")).toEqual([
    "withdraw-run w2#2 a/reduce-0.1 0.1",
    "withdraw-run w2#2 a/reduce-0.1 2.1",
    "cancel-attempt w2#2 a/reduce-0.1: preempted: a map task of the job must run again and no slot is free",
    "launch-map w2#2 a/map-0.2",
  ]);
  expect(script.done("a/map-1.1", "w2#2", { counters: { records: 4 } })).toEqual([
    "answer-report w2#2 a/map-1.1 accepted",
    "launch-map w2#2 a/map-2.2",
  ]);
  script.done("a/map-0.2", "w2#2", { counters: { records: 1 } });
  expect(script.done("a/map-2.2", "w2#2", { counters: { records: 2 } })).toEqual([
    "answer-report w2#2 a/map-2.2 accepted",
    "announce-runs w2#2 a/reduce-0.2 runs [w2: 2.2]",
  ]);
  expect(script.done("a/reduce-0.2", "w2#2")).toContain("commit-job a");
  expect(jobCounters(script.state, "a")).toEqual({ records: 7 });
  const history = listAttempts(script.state, { jobId: "a", stage: "map", taskIndex: 0 });
  expect(history.map(({ state, workerId }) => `${workerId} ${state}`)).toEqual([
    "w1 lost",
    "w2 done",
  ]);
});

it("keeps what lies on the storage", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.job("maps", 2, 0);
  script.done("maps/map-0.1", "w1#1");
  expect(script.lost("w1#1")).toEqual([]);
  expect(script.worker("w2", 1)).toEqual(["welcome-worker w2#2", "launch-map w2#2 maps/map-1.2"]);
  expect(script.done("maps/map-1.2", "w2#2")).toContain("commit-job maps");
});

it("runs nothing again once every reduce is done", () => {
  const script = new Script();
  script.worker("w1", 2);
  script.worker("w2", 1);
  script.job("a", 1, 1);
  script.done("a/map-0.1", "w1#1");
  expect(script.done("a/reduce-0.1", "w2#2")).toEqual([
    "answer-report w2#2 a/reduce-0.1 accepted",
    "commit-job a",
  ]);
  expect(script.lost("w1#1")).toEqual([]);
});
