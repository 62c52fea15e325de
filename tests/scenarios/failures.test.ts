// User code fails: the task is tried again after a wait that doubles, on another worker if one has a
// free slot, and the job fails when the attempts are used up. A failure outside the user's code uses
// none of them, but may not go on for ever either (Spark: a task that fails always fails its job).
import { expect, it } from "vitest";
import { findJob } from "#master/schedule/views";
import { Script } from "./script.js";

const retry = (stage: "map" | "reduce", taskIndex: number) =>
  ({ type: "retry-due", jobId: "a", stage, taskIndex }) as const;

it("tries again elsewhere, then fails the job and cancels the rest of it", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 1);
  script.job("a", 2, 0, { attemptsMax: 2 });
  expect(script.failed("a/map-0.1", "w1#1")).toEqual([
    "answer-report w1#1 a/map-0.1 accepted",
    "set-retry-timer a/map-0",
  ]);
  script.job("b", 1, 0);
  expect(script.done("b/map-0.1", "w1#1")).toContain("commit-job b");
  script.worker("w3", 1);
  expect(script.feed(retry("map", 0))).toEqual(["launch-map w3#3 a/map-0.2"]);
  expect(script.failed("a/map-0.2", "w3#3", { message: "no luck either" })).toEqual([
    "answer-report w3#3 a/map-0.2 accepted",
    "cancel-attempt w2#2 a/map-1.1: the job failed",
    "clean-job a",
  ]);
  expect(findJob(script.state, "a")).toMatchObject({
    status: "failed",
    map: { counts: { failed: 1, cancelled: 1, pending: 0, running: 0 } },
    failure: {
      failure: { message: "no luck either" },
      stage: "map",
      taskIndex: 0,
      attempt: 2,
      workerId: "w3",
      attemptCount: 2,
    },
  });
});

it("goes back to the same worker when no other has a free slot", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.job("a", 1, 0);
  script.failed("a/map-0.1", "w1#1");
  expect(script.feed(retry("map", 0))).toEqual(["launch-map w1#1 a/map-0.2"]);
});

it("doubles the wait, and starts a retry once however often its timer rings", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.job("a", 1, 0, { attemptsMax: 9 });
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 8; attempt++) {
    script.failed(`a/map-0.${attempt}`, "w1#1");
    waits.push(script.state.jobs.get("a")?.maps.tasks[0]?.dueAtMs ?? 0);
    expect(script.feed(retry("map", 0))).toHaveLength(1);
    expect(script.feed(retry("map", 0))).toEqual([]);
  }
  waits.forEach((wait, at) => {
    expect(wait).toBeGreaterThanOrEqual(Math.min(800 * 2 ** at, 25_600));
    expect(wait).toBeLessThanOrEqual(Math.min(1_200 * 2 ** at, 30_000));
  });
});

it("fails at once when trying again cannot help", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.job("a", 1, 0);
  expect(script.failed("a/map-0.1", "w1#1", { permanent: true })).toEqual([
    "answer-report w1#1 a/map-0.1 accepted",
    "clean-job a",
  ]);
});

it("does not blame the task for its machine, but gives up in the end", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.job("a", 1, 0, { attemptsMax: 1, lossesMax: 2 });
  const full = { blame: "infrastructure", code: "MR_DISK_FULL", message: "no space" } as const;
  for (const attempt of [1, 2]) {
    script.failed(`a/map-0.${attempt}`, "w1#1", full);
    script.feed(retry("map", 0));
  }
  expect(script.failed("a/map-0.3", "w1#1", full)).toContain("clean-job a");
  expect(findJob(script.state, "a")?.failure?.failure.message).toContain(
    "map-00000 failed 3 times for reasons outside its code: no space",
  );
});
