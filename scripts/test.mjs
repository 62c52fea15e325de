// `npm test`: sets itself up, then runs vitest with whatever is given: `npm test -- shared/config`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensureBuilt, ensureInstalled, root } from "./setup.mjs";

const say = (line) => process.stderr.write(`${line}\n`);
ensureInstalled(say);
ensureBuilt(say);

const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-test-"));
const report = path.join(folder, "report.json");
const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const result = spawnSync(
  process.execPath,
  [vitest, "run", ...reporters, ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit" },
);
try {
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed\n`);
} catch {
  say("vitest ended without a report");
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = result.status ?? 1;
