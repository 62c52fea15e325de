import { expect, it } from "vitest";
import { arenaBytesMax } from "#worker/map/kernel/sort-memory";
import { memoryShares } from "./memory-shares.js";

const mib = 1024 ** 2;

it("shares out the slot's memory", () => {
  const { sortBytes, tableBytes } = memoryShares(512 * mib);
  expect([sortBytes, tableBytes]).toEqual([128 * mib, Math.floor(102.4 * mib)]);
});

it("gives a large slot no buffers that places of 31 bits cannot reach", () => {
  const { sortBytes, tableBytes } = memoryShares(1024 ** 4);
  // What waits to be folded and the texts of what is marked may come on top.
  expect(4 * tableBytes).toBeLessThanOrEqual(2 ** 31);
  expect(sortBytes).toBe(arenaBytesMax);
});
