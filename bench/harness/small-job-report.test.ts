import { describe, expect, it } from "vitest";
import { smallJobFigures, smallJobTable } from "./small-job-report.js";

const round = (cluster: number[], alone: number[], job: number[]) => ({
  round: 0,
  cluster: { wallMs: cluster, jobMs: cluster },
  alone: { wallMs: alone, jobMs: job },
});

describe("smallJobFigures", () => {
  it("compares within a round, so that a slow round does not count twice", () => {
    const rounds = [
      round([200, 100, 150], [600, 600], [100]),
      round([300, 300], [1200], [200]),
      round([1500], [3000], [1000]),
    ];
    expect(smallJobFigures({ rounds })).toMatchObject({
      clusterWallMs: { median: 250, min: 100, max: 1500 },
      ofWholeRun: 0.25,
      ofItsJob: 1.5,
    });
  });

  it("says so when there is nothing to show", () => {
    expect(smallJobFigures({ rounds: [] })).toBeNull();
    const nothing = { sizeBytes: 1, rounds: [], problems: ["round 1 failed"] };
    expect(smallJobTable(nothing)).toBe("no round succeeded\n");
    const shown = smallJobTable({ ...nothing, rounds: [round([100], [400], [80])] });
    expect(shown).toMatch(/takes 0\.25x the time of millrace run, 1\.25x that of its job alone/);
  });
});
