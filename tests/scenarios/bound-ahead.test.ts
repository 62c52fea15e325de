// A slot that waits for its report to be journalled and for the next launch does nothing. Short tasks
// are therefore bound to a worker before its slot is free, and wait there; long ones never are. What
// waits can be asked for again, and its worker decides: what has begun goes on, so that no task runs
// twice because of it.
import { describe, expect, it } from "vitest";
import { findJob, listTasks } from "#master/schedule/views";
import { Script } from "./script.js";

const short = { durationMs: 1 };

/** One worker of one slot, with `waiting` attempts of job a behind the one that runs. */
function crowded(mapCount = 40, partitionCount = 1): Script {
  const script = new Script();
  script.worker("w1", 1);
  script.job("a", mapCount, partitionCount);
  script.done("a/map-0.1", "w1#1", short);
  return script;
}

describe("short tasks", () => {
  it("wait at their worker, sixteen for a slot, and one follows for each that is done", () => {
    const script = new Script();
    script.worker("w1", 1);
    expect(script.job("a", 40, 1)).toEqual(["plan-job a", "launch-map w1#1 a/map-0.1"]);
    const launches = Array.from({ length: 17 }, (_, at) => `launch-map w1#1 a/map-${at + 1}.1`);
    expect(script.done("a/map-0.1", "w1#1", short)).toEqual([
      "answer-report w1#1 a/map-0.1 accepted",
      ...launches,
    ]);
    expect(script.done("a/map-1.1", "w1#1", short)).toEqual([
      "answer-report w1#1 a/map-1.1 accepted",
      "launch-map w1#1 a/map-18.1",
    ]);
  });

  it("wait the less the longer they take, and not at all from 50 ms on", () => {
    const script = new Script();
    script.worker("w1", 1);
    script.job("a", 40, 1);
    expect(script.done("a/map-0.1", "w1#1", { durationMs: 20 })).toHaveLength(4);
    expect(script.done("a/map-1.1", "w1#1", { durationMs: 120 })).toHaveLength(1);
    const again = new Script();
    again.worker("w1", 1);
    again.job("a", 40, 1);
    expect(again.done("a/map-0.1", "w1#1", { durationMs: 60 })).toHaveLength(2);
  });

  it("do not wait behind a reduce", () => {
    const script = new Script();
    script.worker("w1", 1);
    script.worker("w2", 1);
    script.job("a", 2, 1);
    expect(script.done("a/map-0.1", "w1#1", short)).toContain(
      "launch-reduce w1#1 a/reduce-0.1 runs [w1: 0.1]",
    );
    script.job("b", 40, 0);
    expect(script.done("a/map-1.1", "w2#2", short)).toContain("launch-map w2#2 b/map-0.1");
    const launches = script.done("b/map-0.1", "w2#2", short);
    expect(launches.filter((line) => line.includes("w1#1 b"))).toEqual([]);
    expect(launches).toHaveLength(18);
  });

  it("that lost a worker before wait for a slot, and nothing behind them", () => {
    const script = crowded(18);
    script.worker("w2", 1);
    script.lost("w1#1");
    expect(script.done("a/map-1.2", "w2#2", short)).toEqual([
      "answer-report w2#2 a/map-1.2 accepted",
      "launch-map w2#2 a/map-2.2",
    ]);
  });
});

describe("attempts that wait", () => {
  it("are not blamed for the loss of their worker, but those in its slots are", () => {
    const script = crowded(5, 0);
    script.lost("w1#1");
    const losses = listTasks(script.state, "a", "map", 0, 5).map(({ lossCount }) => lossCount);
    expect(losses).toEqual([0, 1, 0, 0, 0]);
    expect(findJob(script.state, "a")?.attemptCounts).toMatchObject({ lost: 1, cancelled: 3 });
    expect(script.worker("w2", 1)).toContain("launch-map w2#2 a/map-1.2");
  });

  it("are asked for when a slot is free elsewhere, and run there once given back", () => {
    const script = crowded(18, 0);
    expect(script.worker("w2", 1)).toEqual([
      "welcome-worker w2#2",
      "recall-attempt w1#1 a/map-17.1",
    ]);
    const from = { workerId: "w1", incarnation: 1 };
    const ref = { jobId: "a", stage: "map", taskIndex: 17, attempt: 1 } as const;
    const returned = { type: "attempt-returned", ref, ...from } as const;
    expect(script.feed(returned)).toEqual(["launch-map w2#2 a/map-17.2"]);
    // The same again, from a connection that broke.
    expect(script.feed(returned)).toEqual([]);
    expect(script.done("a/map-17.1", "w1#1", short)).toEqual([
      "answer-report w1#1 a/map-17.1 refused",
    ]);
  });

  it("go on where they are when they have begun", () => {
    const script = crowded(2);
    script.worker("w2", 1);
    expect(script.done("a/map-1.1", "w1#1", short)[0]).toContain("accepted");
  });

  it("make room for a job whose tasks may be long", () => {
    const script = crowded();
    expect(script.job("b", 1, 0)).toEqual(["plan-job b"]);
    const lines = script.done("a/map-1.1", "w1#1", short);
    expect(lines.filter((line) => line.startsWith("recall-attempt"))).toHaveLength(15);
    expect(lines.filter((line) => line.startsWith("launch-map"))).toEqual([]);
  });

  it("are asked for when their worker drains", () => {
    const script = crowded();
    const lines = script.feed({ type: "worker-draining", workerId: "w1", incarnation: 1 });
    expect(lines).toHaveLength(16);
  });
});
