// The coordinator is killed and starts again (Hadoop: the application master replays its history
// log). Its state comes back from checkpoint and journal; commands that it gave and that may not
// have been carried out are given again; workers have one lease to come back, and finished maps are
// not run again.
import { expect, it } from "vitest";
import { deserialise, serialise } from "#master/schedule/serialise";
import { refOf, Script } from "./script.js";

it("repeats what a crash may have swallowed and goes on where it was", () => {
  const script = new Script();
  script.worker("w1", 2);
  script.job("ended", 0, 0);
  script.feed({
    type: "commit-done",
    jobId: "ended",
    summary: { output: "/out", partCount: 0, records: 0, bytes: 0 },
  });
  script.job("committing", 0, 0);
  script.job("a", 3, 1);
  const spec = script.state.jobs.get("a")?.spec;
  if (spec === undefined) throw new Error("no spec");
  script.feed({ type: "job-submitted", jobId: "planning", spec, output: "/out/planning" });
  script.done("a/map-0.1", "w1#1");
  script.failed("a/map-1.1", "w1#1");

  script.state = deserialise(JSON.parse(JSON.stringify(serialise(script.state))));
  expect(script.feed({ type: "coordinator-started" })).toEqual([
    "clean-job ended",
    "commit-job committing",
    "set-retry-timer a/map-1",
    "plan-job planning",
  ]);
  expect(script.feed({ type: "retry-due", jobId: "a", stage: "map", taskIndex: 1 })).toEqual([]);
  const attempts = [refOf("a/map-2.1"), refOf("a/reduce-0.1")];
  expect(script.worker("w1", 2, { resume: 1, attempts })).toEqual([
    "welcome-worker w1#1",
    "announce-runs w1#1 a/reduce-0.1 runs [w1: 0.1]",
    "cancel-attempt w1#1 a/reduce-0.1: preempted: a map task of the job must run again and no slot is free",
    "launch-map w1#1 a/map-1.2",
  ]);
});

it("refuses a checkpoint of another form", () => {
  const saved = { ...serialise(new Script().state), formatVersion: 99 };
  expect(() => deserialise(saved)).toThrow("checkpoint has another form");
});
