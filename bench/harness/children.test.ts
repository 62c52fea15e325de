import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Children } from "./children.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-bench-"));
const children = new Children();
afterAll(() => {
  children.killAll();
  fs.rmSync(folder, { recursive: true, force: true });
});

function node(source: string, outputPath?: string) {
  const command = {
    program: process.execPath,
    arguments: ["-e", source],
    environment: { PATH: "/usr/bin:/bin" },
  };
  return outputPath === undefined ? command : { ...command, outputPath };
}

describe("Children", () => {
  it("measures a program to its end and keeps what it prints", async () => {
    const outputPath = path.join(folder, "out");
    const measured = await children.measure(node("console.log('done')", outputPath));
    expect(fs.readFileSync(outputPath, "utf8")).toBe("done\n");
    expect(measured.wallMs).toBeGreaterThan(0);
  });

  it("says what a program wrote to standard error when it fails", async () => {
    const failing = children.measure(node("console.error('no luck'); process.exit(3)"));
    await expect(failing).rejects.toThrow(/no luck.*code=3/);
  });

  it("refuses a program that does not exist", async () => {
    const missing = { program: "/no/such/program", arguments: [], environment: {} };
    await expect(children.measure(missing)).rejects.toThrow(/ENOENT/);
  });

  it.runIf(fs.existsSync("/proc/self/status"))("sees memory of descendants too", async () => {
    const holder =
      "const bytes = Buffer.alloc(150e6, 1); process.stdin.resume();" +
      "process.stdout.write('held'); setTimeout(() => bytes[0], 300)";
    const parent =
      `const { spawnSync } = require("node:child_process");` +
      `spawnSync(process.execPath, ["-e", ${JSON.stringify(holder)}])`;
    const { peakBytes } = await children.measure(node(parent));
    expect(peakBytes).toBeGreaterThan(180e6);
    expect(peakBytes).toBeLessThan(600e6);
  });

  it("stops a program with all that it started, and starts nothing once closed", async () => {
    const own = new Children();
    const nested =
      `const { spawn } = require("node:child_process");` +
      `const child = spawn("sleep", ["1000"]); console.log(child.pid)`;
    const parent = own.start(node(nested), "pipe");
    const pid = await new Promise<number>((resolve) => {
      parent.stdout?.once("data", (text: Buffer) => resolve(Number(text.toString())));
    });
    expect(isRunning(pid)).toBe(true);
    await own.stop(parent);
    await expect.poll(() => isRunning(pid), { timeout: 30_000 }).toBe(false);
    own.killAll();
    expect(() => own.start(node(""), "ignore")).toThrow(/ending/);
  });
});

/** A zombie counts as ended: nobody may be there to collect it. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
