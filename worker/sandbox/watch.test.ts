import { describe, expect, it } from "vitest";
import { Progress } from "./progress.js";
import { AttemptWatch, memoryGraceMs, startGraceMs } from "./watch.js";

function watched(taskTimeoutMs: number): { progress: Progress; look: (ms: number) => string } {
  const progress = new Progress();
  const watch = new AttemptWatch({ taskTimeoutMs, memoryBytesMax: 1_000 });
  return { progress, look: (elapsedMs) => watch.look(progress.read(), elapsedMs) };
}

describe("the watch over an attempt", () => {
  it("is content as long as steps are made within the time-out", () => {
    const { progress, look } = watched(300);
    progress.step();
    for (let turn = 0; turn < 50; turn++) {
      expect(look(200)).toBe("fine");
      expect(look(200)).toBe("fine");
      progress.step();
    }
  });

  it("calls an attempt stuck once its steps stand still for the time-out", () => {
    const { progress, look } = watched(300);
    progress.step();
    expect(look(100)).toBe("fine");
    expect(look(299)).toBe("fine");
    expect(look(1)).toBe("stuck");
  });

  it("grants a thread time to start, however short the time-out", () => {
    const { look } = watched(300);
    expect(look(startGraceMs - 1)).toBe("fine");
    expect(look(1)).toBe("stuck");
  });

  it("grants a long time-out to the start too", () => {
    const { look } = watched(2 * startGraceMs);
    expect(look(startGraceMs + 1)).toBe("fine");
    expect(look(startGraceMs)).toBe("stuck");
  });

  it("sees memory that stays beyond the limit, not what a collection brings back", () => {
    const { progress, look } = watched(60_000);
    progress.set("memoryBytes", 1_001);
    expect(look(memoryGraceMs - 1)).toBe("fine");
    progress.set("memoryBytes", 1_000);
    expect(look(1)).toBe("fine");
    progress.set("memoryBytes", 1_500);
    expect(look(memoryGraceMs - 1)).toBe("fine");
    expect(look(1)).toBe("memory");
  });

  it("sees memory far beyond the limit at once", () => {
    const { progress, look } = watched(60_000);
    progress.set("memoryBytes", 1_501);
    expect(look(1)).toBe("memory");
  });
});
