import { describe, expect, it } from "vitest";
import { runScale, type ScaleOptions } from "./scale.js";

const none = (): void => {};
const small: ScaleOptions = {
  workers: 100,
  slots: 1,
  maps: 2_000,
  reduces: 50,
  durationMs: 1_000,
};

describe("the number of commands", () => {
  it.each([1_000, 1])("grows with tasks, not with their square (tasks of %d ms)", (durationMs) => {
    const one = runScale({ ...small, durationMs }, none);
    const ten = runScale({ ...small, durationMs, maps: 10 * small.maps }, none);
    expect(one.commands / one.events).toBeLessThan(4);
    expect(ten.commands / ten.events).toBeLessThan(3);
  });

  it("and what reduces are told grows with maps times reduces only, as they fetch it all", () => {
    const { maps, reduces } = small;
    const { runPairs } = runScale(small, none);
    expect(runPairs).toBe(maps * reduces);
  });
});
