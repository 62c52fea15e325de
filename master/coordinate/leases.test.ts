import { describe, expect, it } from "vitest";
import { SimulatedTime } from "#shared/clock/simulated";
import { Leases } from "./leases.js";

const leaseMs = 1_000;

function setUp() {
  const time = new SimulatedTime(5_000);
  const leases = new Leases(time, leaseMs);
  /** As the coordinator's ticker does. */
  const pass = (byMs: number) => {
    const expired = [];
    for (let passed = 0; passed < byMs; passed += leases.checkPeriodMs) {
      time.advance(leases.checkPeriodMs);
      expired.push(...leases.expired().map((each) => each.workerId));
    }
    return expired;
  };
  return { time, leases, pass };
}

describe("leases", () => {
  it("expire once, after silence for longer than the lease", () => {
    const { leases, pass } = setUp();
    leases.start("w1", 1);
    expect(pass(leaseMs)).toEqual([]);
    expect(pass(leaseMs)).toEqual(["w1"]);
    expect(pass(5 * leaseMs)).toEqual([]);
    expect(leases.lastSeenAtMs("w1")).toBeNull();
  });

  it("are renewed by every sign of life", () => {
    const { leases, pass } = setUp();
    leases.start("w1", 1);
    for (let round = 0; round < 10; round += 1) {
      expect(pass(leaseMs * 0.8)).toEqual([]);
      expect(leases.renew("w1", 1)).toBe(true);
    }
    expect(pass(2 * leaseMs)).toEqual(["w1"]);
  });

  it("are not renewed or ended by a former incarnation", () => {
    const { leases, pass } = setUp();
    leases.start("w1", 1);
    leases.start("w1", 2);
    expect(leases.renew("w1", 1)).toBe(false);
    leases.end("w1", 1);
    expect(leases.lastSeenAtMs("w1")).not.toBeNull();
    expect(pass(2 * leaseMs)).toEqual(["w1"]);
  });

  it("are not held against workers while the master itself stood still", () => {
    const { time, leases, pass } = setUp();
    leases.start("w1", 1);
    pass(leaseMs / 2);
    time.advance(20 * leaseMs);
    expect(leases.expired()).toEqual([]);
    expect(pass(leaseMs / 5)).toEqual([]);
    expect(pass(leaseMs)).toEqual(["w1"]);
  });
});
