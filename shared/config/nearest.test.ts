import { describe, expect, it } from "vitest";
import { editDistance, nearestName } from "./nearest.js";

describe("nearestName", () => {
  it("finds the name that is meant", () => {
    expect(nearestName("prot", ["port", "host", "slots"])).toBe("port");
    expect(nearestName("sbumit", ["submit", "jobs"])).toBe("submit");
  });
  it("finds nothing where nothing is close", () => {
    expect(nearestName("quantum", ["port", "host"])).toBeNull();
  });
  it("counts edits", () => {
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
    expect(editDistance("same", "same")).toBe(0);
  });
});
