import { describe, expect, it } from "vitest";
import { Backoff } from "./backoff.js";
import { Lease } from "./lease.js";

describe("the lease", () => {
  it("counts from what was sent and answered, and is not held before it begins", () => {
    const lease = new Lease();
    expect(lease.hasExpired(1e9)).toBe(false);
    lease.begin(100, 1_000);
    lease.prove(1_050);
    lease.prove(1_020);
    expect(lease.hasExpired(1_149)).toBe(false);
    expect(lease.hasExpired(1_150)).toBe(true);
    lease.end();
    expect(lease.hasExpired(1e9)).toBe(false);
  });

  it("leaves time to connect again while it lasts", () => {
    const lease = new Lease();
    expect(lease.waitMaxMs).toBe(Number.POSITIVE_INFINITY);
    lease.begin(2_000, 1_000);
    expect(lease.waitMaxMs).toBe(500);
    lease.end();
    expect(lease.waitMaxMs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the backoff", () => {
  it("doubles from 100 ms to 5 s, with full jitter, and starts again after a reset", () => {
    const backoff = new Backoff({ next: () => 0.5 });
    const waits = Array.from({ length: 8 }, () => backoff.nextMs());
    expect(waits).toEqual([50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
    backoff.reset();
    expect(backoff.nextMs()).toBe(50);
    for (let turn = 0; turn < 5_000; turn++) expect(backoff.nextMs()).toBeLessThanOrEqual(2_500);
  });
});
