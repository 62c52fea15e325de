import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";

/** Starts a program whose children sleep, and says the number of its process group. */
const holder = `
  import { ProgramProcess } from ${JSON.stringify(new URL("../../dist/worker/streaming/program-process.js", import.meta.url).href)};
  import { openOurEnds } from ${JSON.stringify(new URL("../../dist/worker/streaming/pipes.js", import.meta.url).href)};
  import { findShell } from ${JSON.stringify(new URL("../../dist/worker/streaming/shell.js", import.meta.url).href)};
  await ProgramProcess.start({
    role: "map", command: "sleep 3600 | sleep 3600 & sleep 3600", shell: findShell(), env: {},
    cwd: process.argv[1], openOurEnds: async (paths) => openOurEnds(paths),
    stderr: { count() {}, log() {} }, onOutput: () => null, onLife() {},
    onGroup: (group) => console.log(group),
  });
  setInterval(() => {}, 1000);
`;

/** Processes of a group that still run. */
function running(group: number): string[] {
  return fs.readdirSync("/proc").filter((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
      const [state, , own] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(own) === group && state !== "Z";
    } catch {
      return false;
    }
  });
}

it("nothing of a program is left when its worker is killed", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-killed-"));
  const worker = spawn(process.execPath, ["--input-type=module", "-e", holder, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [said] = (await once(worker.stdout, "data")) as [Buffer];
    const group = Number(said.toString());
    await expect.poll(() => running(group).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(5);
    worker.kill("SIGKILL");
    await expect.poll(() => running(group), { timeout: 30_000 }).toEqual([]);
  } finally {
    worker.kill("SIGKILL");
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
