import { describe, expect, it } from "vitest";
import { median, pairedRatios, rotated, summarize } from "./statistics.js";

describe("median", () => {
  it("is the middle of an odd number of values, whatever their order", () => {
    expect(median([9, 1, 100])).toBe(9);
    expect(median([5])).toBe(5);
  });

  it("is the mean of the two middle ones of an even number", () => {
    expect(median([10, 2, 4, 1])).toBe(3);
  });
});

describe("summarize", () => {
  it("gives median, smallest and largest", () => {
    expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  });

  it("refuses to summarize nothing", () => {
    expect(() => summarize([])).toThrow(RangeError);
  });
});

describe("pairedRatios", () => {
  it("says how many times as fast the subject was, round by round", () => {
    expect(pairedRatios([100, 200], [300, 100])).toEqual([3, 0.5]);
  });

  it("leaves out rounds in which either failed", () => {
    expect(pairedRatios([100, null, 100], [300, 300, null])).toEqual([3]);
    expect(pairedRatios([100, 100], [50])).toEqual([0.5]);
  });
});

describe("rotated", () => {
  it("starts with another item each round and keeps the order", () => {
    expect(rotated(["a", "b", "c"], 0)).toEqual(["a", "b", "c"]);
    expect(rotated(["a", "b", "c"], 1)).toEqual(["b", "c", "a"]);
    expect(rotated(["a", "b", "c"], 5)).toEqual(["c", "a", "b"]);
    expect(rotated([], 3)).toEqual([]);
  });
});
