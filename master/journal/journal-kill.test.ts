import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal } from "./journal.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-kill-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const built = pathToFileURL(resolve("dist/master/journal/journal.js")).href;

/** Appends batches for ever and prints the number of events after each one that was acknowledged. */
const writer = `
  import { writeSync } from "node:fs";
  import { Journal } from ${JSON.stringify(built)};
  const journal = new Journal(process.argv[2], "test");
  let count = journal.recover().events ? journal.eventCount : 0;
  for (let batch = 1; ; batch += 1) {
    const entries = [];
    for (let index = 0; index < 1 + (batch % 7); index += 1) {
      count += 1;
      entries.push({ atMs: count, event: { type: "cancel-requested", jobId: "job-" + count } });
    }
    journal.append(entries);
    writeSync(1, count + "\\n");
  }
`;

async function writeUntilKilled(path: string, acknowledgedMin: number): Promise<number> {
  const script = join(folder, "writer.mjs");
  writeFileSync(script, writer);
  const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  let acknowledged = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    if (acknowledged >= acknowledgedMin) child.kill("SIGKILL");
  }
  await closed;
  return acknowledged;
}

describe("journal of a process that is killed in the middle of appends", () => {
  it("has every acknowledged event, in order, and is free for the next owner", async () => {
    const path = join(folder, "journal.sqlite");
    let acknowledgedMin = 0;
    for (let round = 1; round <= 3; round += 1) {
      acknowledgedMin += 40 * round;
      const acknowledged = await writeUntilKilled(path, acknowledgedMin);
      expect(acknowledged).toBeGreaterThanOrEqual(acknowledgedMin);
      const journal = new Journal(path, "test");
      const rows = [...journal.recover().events];
      journal.close();
      expect(rows.length).toBeGreaterThanOrEqual(acknowledged);
      const names = rows.map((row) => (row.event as { jobId: string }).jobId);
      expect(names).toEqual(rows.map((_, index) => `job-${index + 1}`));
      acknowledgedMin = rows.length;
    }
  });
});
