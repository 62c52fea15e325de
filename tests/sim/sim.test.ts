import { describe, expect, it } from "vitest";
import { explain, runSeed } from "./run-seed.js";

const seedCount = 1_000;

describe("the scheduler under a thousand random fates", () => {
  it("keeps every rule with every seed, and every job ends", () => {
    const statuses = new Map<string, number>();
    const chains = new Map<string, number>();
    let eventCount = 0;
    for (let seed = 1; seed <= seedCount; seed++) {
      const outcome = runSeed(seed);
      expect(outcome.violations, outcome.violations.length > 0 ? explain(outcome) : "").toEqual([]);
      eventCount += outcome.eventCount;
      for (const each of outcome.chainStatuses) chains.set(each, (chains.get(each) ?? 0) + 1);
      for (const each of outcome.statuses) statuses.set(each, (statuses.get(each) ?? 0) + 1);
    }
    // A simulation in which nothing happens proves nothing.
    expect(eventCount).toBeGreaterThan(seedCount * 50);
    for (const status of ["succeeded", "failed", "cancelled"]) {
      expect(statuses.get(status) ?? 0).toBeGreaterThan(seedCount / 20);
      expect(chains.get(status) ?? 0, `chains that ${status}`).toBeGreaterThan(seedCount / 50);
    }
  });

  it("gives the same run for the same seed", () => {
    expect(runSeed(7).trace()).toEqual(runSeed(7).trace());
  });
});
