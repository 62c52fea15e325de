import { describe, expect, it } from "vitest";
import type { ComparisonResult } from "../cases/compare.js";
import type { Contender } from "../peers/contender.js";
import {
  comparisonTables,
  figuresOf,
  growthOf,
  ratiosOf,
  taskFiguresOf,
  taskTables,
} from "./report.js";
import type { Run } from "./rounds.js";

function contender(name: string, isMillrace: boolean): Contender {
  const run = () => Promise.reject(new Error("not run"));
  return { name, about: name, isMillrace, isDurable: isMillrace, version: "1", run };
}

function runs(walls: readonly (number | null)[], syncMs: number): Run[] {
  return walls.map((wallMs, round) => ({
    round,
    wallMs,
    durableMs: wallMs === null ? null : wallMs + syncMs,
    peakBytes: wallMs === null ? null : 1e6 * (round + 1),
    workerPeakBytes: null,
    answer: null,
    error: wallMs === null ? "broken" : null,
  }));
}

const result: ComparisonResult = {
  name: "sort",
  input: { kind: "records", path: "/x", seed: 1, sizeBytes: 100e6, itemCount: 1e6 },
  contenders: [
    { contender: contender("millrace", true), runs: runs([1000, 2000, 1000], 0) },
    { contender: contender("millrace-own", true), runs: runs([2000, 2000, 2000], 0) },
    { contender: contender("peer", false), runs: runs([3000, 3000, null], 1000) },
  ],
  skipped: [],
  problems: [],
};

describe("figures of a comparison", () => {
  it("are medians over the runs that ended, and the largest memory", () => {
    const [millrace, , peer] = figuresOf(result);
    expect(millrace).toMatchObject({ wallMs: { median: 1000, max: 2000 }, peakBytes: 3e6 });
    expect(millrace?.megabytesPerSecond).toBe(100);
    expect(peer).toMatchObject({ wallMs: { median: 3000 }, durableMs: { median: 4000 } });
  });

  it("pair Millrace with every peer, never with itself", () => {
    const ratios = ratiosOf(result);
    expect(ratios.map(({ subject, peer }) => `${subject}/${peer}`)).toEqual([
      "millrace/peer",
      "millrace-own/peer",
    ]);
    expect(ratios[0]).toMatchObject({
      ratio: { median: 2.25, min: 1.5, max: 3 },
      durableRatio: { median: 3 },
    });
  });

  it("print a row each, also for one that never ended", () => {
    const broken = { contender: contender("broken", false), runs: runs([null, null], 0) };
    const text = comparisonTables({ ...result, contenders: [...result.contenders, broken] });
    expect(text).toMatch(/^millrace +1\.00 +1\.00 +2\.00 +100 +1\.00 +3 +-$/m);
    expect(text).toMatch(/^broken( +-){7}$/m);
    expect(text).toMatch(/^millrace +peer +2\.25x +1\.50x +3\.00x +3\.00x$/m);
  });
});

describe("figures of tasks", () => {
  const run = (taskCount: number, wallMs: number | null) => ({
    round: 0,
    taskCount,
    wallMs,
    error: wallMs === null ? "broken" : null,
  });
  const tasks = { runs: [run(2000, 1500), run(1000, 1000), run(1000, 1000)], problems: [] };

  it("tell what a task costs, and what a further one does", () => {
    const figures = taskFiguresOf(tasks);
    expect(figures).toMatchObject([
      { taskCount: 1000, tasksPerSecond: 1000, msPerTask: 1, msPerFurtherTask: null },
      { taskCount: 2000, msPerTask: 0.75, msPerFurtherTask: 0.5 },
    ]);
    expect(growthOf(figures)).toBe(0.75);
    expect(taskTables(tasks)).toMatch(/cost\(2000\) \/ cost\(1000\) of a task: 0\.75/);
  });

  it("leave out sizes that failed", () => {
    const figures = taskFiguresOf({ runs: [run(10, null), run(20, 40)] });
    expect(figures.map(({ taskCount }) => taskCount)).toEqual([20]);
    expect(growthOf(figures)).toBeNull();
  });
});
