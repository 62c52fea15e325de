// A job with thousands of tasks is cancelled while many run (Disco, issue 558: kill ignored under
// load). Everything that runs is told to stop in the same step, late results are refused, and the
// freed slots go to other jobs at once. A commit that began is not torn: it decides the end.
import { expect, it } from "vitest";
import { findJob, listTasks } from "#master/schedule/views";
import { Script } from "./script.js";

it("stops every running attempt in one step", () => {
  const script = new Script();
  for (let index = 0; index < 100; index++) script.worker(`w${index}`, 10);
  script.job("a", 5_000, 10);
  script.job("b", 1, 0);
  const lines = script.feed({ type: "cancel-requested", jobId: "a" });
  const cancelled = lines.filter((each) => each.startsWith("cancel-attempt"));
  expect(cancelled).toHaveLength(1_000);
  expect(cancelled[0]).toBe("cancel-attempt w0#1 a/map-0.1: the job was cancelled");
  expect(lines.slice(1_000)).toEqual(["clean-job a", "launch-map w0#1 b/map-0.1"]);
  expect(script.done("a/map-7.1", "w7#8")).toEqual(["answer-report w7#8 a/map-7.1 refused"]);
  expect(findJob(script.state, "a")).toMatchObject({
    status: "cancelled",
    map: { counts: { cancelled: 5_000, pending: 0, running: 0 } },
    reduce: { counts: { cancelled: 10 } },
    attemptCounts: { cancelled: 1_000, running: 0 },
  });
  expect(listTasks(script.state, "a", "map", 4_999, 5)).toMatchObject([{ state: "cancelled" }]);
});

it("cancels a job that is being planned, and ignores its plan", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.job("b", 1, 0);
  const spec = script.state.jobs.get("b")?.spec;
  if (spec === undefined) throw new Error("no spec");
  script.feed({ type: "job-submitted", jobId: "a", spec, output: "/out/a" });
  expect(script.feed({ type: "cancel-requested", jobId: "a" })).toEqual(["clean-job a"]);
  const plan = { splits: [], partitionCount: 0, inputBytes: 0, fileCount: 0, reasons: [] };
  expect(script.feed({ type: "job-planned", jobId: "a", plan })).toEqual([]);
  expect(script.feed({ type: "job-forgotten", jobId: "a" })).toEqual(["forget-job a"]);
  expect(findJob(script.state, "a")).toBeNull();
});

it("lets a commit that began decide", () => {
  const ends = { done: "succeeded", failed: "cancelled" } as const;
  for (const end of ["done", "failed"] as const) {
    const script = new Script();
    script.job("a", 0, 0);
    expect(script.feed({ type: "cancel-requested", jobId: "a" })).toEqual([]);
    expect(findJob(script.state, "a")?.status).toBe("cancelling");
    const summary = { output: "/out/a", partCount: 0, records: 0, bytes: 0 };
    const failure = {
      code: "MR_STORAGE_UNAVAILABLE",
      message: "gone",
      blame: "infrastructure" as const,
      userFrame: null,
      stack: null,
      place: null,
      logTail: [],
      permanent: false,
    };
    script.feed(
      end === "done"
        ? { type: "commit-done", jobId: "a", summary }
        : { type: "commit-failed", jobId: "a", failure },
    );
    expect(findJob(script.state, "a")?.status).toBe(ends[end]);
  }
});
