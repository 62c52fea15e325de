import { describe, expect, it } from "vitest";
import type { AttemptRef } from "#shared/model/ids";
import { ProgressBoard } from "./progress.js";

function ref(taskIndex: number, jobId = "job-a"): AttemptRef {
  return { jobId, stage: "map", taskIndex, attempt: 1 };
}
function report(taskIndex: number, fraction: number, jobId?: string) {
  return { ref: ref(taskIndex, jobId), fraction, counters: {} };
}

describe("progress board", () => {
  it("keeps what a worker said last", () => {
    const board = new ProgressBoard();
    board.report("w1", 10, [report(0, 0.1), report(1, 0.2)]);
    board.report("w1", 20, [report(1, 0.5)]);
    expect(board.of("w1", ref(0))).toBeNull();
    expect(board.of("w1", ref(1))?.fraction).toBe(0.5);
    expect(board.of("w2", ref(1))).toBeNull();
    expect(board.rssBytes("w1")).toBe(20);
  });

  it("drops attempts, jobs and workers", () => {
    const board = new ProgressBoard();
    board.report("w1", 10, [report(0, 0.1), report(1, 0.2), report(2, 0.3, "job-b")]);
    board.dropAttempt("w1", ref(0));
    expect([...board.ofJob("job-a")].map((each) => each.ref.taskIndex)).toEqual([1]);
    board.dropJob("job-a");
    expect([...board.ofJob("job-a")]).toEqual([]);
    expect(board.of("w1", ref(2, "job-b"))?.fraction).toBe(0.3);
    board.dropWorker("w1");
    expect([...board.ofJob("job-b")]).toEqual([]);
    expect(board.rssBytes("w1")).toBeNull();
  });
});
