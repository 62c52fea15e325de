// Reduces that cannot fetch a run say so. A run that is missing or corrupt is gone at once; one that
// is merely unreachable may be so for one reader only, and is given up after three reports, or as
// many as reduces run (Hadoop's TestFetchFailure: two reports, the map stays done; the third one
// makes it run again). Only the run that is meant is given up, not a newer one.
import { expect, it } from "vitest";
import { Script } from "./script.js";

it("gives an unreachable run up after three reports, whoever makes them", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 3);
  script.job("a", 1, 3);
  script.done("a/map-0.1", "w1#1");
  expect(script.unreachable("a/reduce-1.1", "w2#2", "0.1", "unreachable")).toEqual([]);
  expect(script.unreachable("a/reduce-0.1", "w2#2", "0.1", "unreachable")).toEqual([]);
  expect(script.unreachable("a/reduce-0.1", "w2#2", "0.1", "unreachable")).toEqual([
    "withdraw-run w2#2 a/reduce-0.1 0.1",
    "withdraw-run w2#2 a/reduce-1.1 0.1",
    "withdraw-run w2#2 a/reduce-2.1 0.1",
    "launch-map w1#1 a/map-0.2",
  ]);
});

it("asks for as many reports as there are reduces, where fewer than three run", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 1);
  script.job("a", 1, 1);
  script.done("a/map-0.1", "w1#1");
  expect(script.unreachable("a/reduce-0.1", "w2#2", "0.1", "unreachable")).toEqual([
    "withdraw-run w2#2 a/reduce-0.1 0.1",
    "launch-map w1#1 a/map-0.2",
  ]);
});

it("gives a corrupt or missing run up at once, and tells late readers of the newer one", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 2);
  script.job("a", 1, 2);
  script.done("a/map-0.1", "w1#1");
  expect(script.unreachable("a/reduce-0.1", "w2#2", "0.1", "corrupt")).toEqual([
    "withdraw-run w2#2 a/reduce-0.1 0.1",
    "withdraw-run w2#2 a/reduce-1.1 0.1",
    "launch-map w1#1 a/map-0.2",
  ]);
  expect(script.done("a/map-0.2", "w1#1")).toEqual([
    "answer-report w1#1 a/map-0.2 accepted",
    "announce-runs w2#2 a/reduce-0.1 runs [w1: 0.2]",
    "announce-runs w2#2 a/reduce-1.1 runs [w1: 0.2]",
  ]);
  expect(script.unreachable("a/reduce-1.1", "w2#2", "0.1", "missing")).toEqual([
    "withdraw-run w2#2 a/reduce-1.1 0.1",
    "announce-runs w2#2 a/reduce-1.1 runs [w1: 0.2]",
  ]);
});

it("hears only reduces that run", () => {
  const script = new Script();
  script.worker("w1", 1);
  script.worker("w2", 2);
  script.job("a", 1, 2);
  script.done("a/map-0.1", "w1#1");
  expect(script.unreachable("a/reduce-0.2", "w2#2", "0.1", "missing")).toEqual([]);
  expect(script.unreachable("a/reduce-0.1", "w2#1", "0.1", "missing")).toEqual([]);
  expect(script.unreachable("a/map-0.1", "w1#1", "0.1", "missing")).toEqual([]);
  expect(script.unreachable("a/reduce-0.1", "w2#2", "9.1", "missing")).toEqual([]);
});

it("fails the job when a run never can be fetched", () => {
  const script = new Script();
  script.worker("w1", 2);
  script.job("a", 1, 1, { lossesMax: 2 });
  for (const attempt of [1, 2, 3]) {
    script.done(`a/map-0.${attempt}`, "w1#1");
    script.unreachable("a/reduce-0.1", "w1#1", `0.${attempt}`, "missing");
  }
  const job = script.state.jobs.get("a");
  expect(job?.status).toBe("failed");
  expect(job?.failure?.failure.code).toBe("MR_RUN_UNREACHABLE");
  expect(job?.failure?.failure.message).toContain("map task 0 finished 3 times");
});
