import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { warmUp } from "./warm-up.js";

const root = mkdtempSync(join(tmpdir(), "millrace-warm-up-"));
afterAll(() => rmSync(root, { recursive: true }));
const slotMemoryBytes = 64 * 1024 * 1024;

describe("warming up", () => {
  it("goes through map and reduce to the end, and leaves nothing", async () => {
    const folder = join(root, "all");
    const hasRun: boolean[] = [];
    const run = join(
      folder,
      "sorting",
      "intermediate",
      "warm-up-00000000-000000-none",
      "map-00000",
      "1",
      "run",
    );
    const isWanted = (): boolean => {
      hasRun.push(existsSync(run));
      return false;
    };
    await warmUp({ folder, slotMemoryBytes, isWanted });
    expect(hasRun).toEqual([false, true, true, true]);
    expect(existsSync(folder)).toBe(false);
  });

  it("stops between steps when somebody waits for the thread", async () => {
    let asked = 0;
    await warmUp({ folder: join(root, "some"), slotMemoryBytes, isWanted: () => ++asked > 1 });
    expect(asked).toBe(2);
  });

  it("never throws, whatever is wrong", async () => {
    await warmUp({ folder: "/dev/null/none", slotMemoryBytes, isWanted: () => false });
  });
});
