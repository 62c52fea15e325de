// `npm run check`: format, lint and types; a line for each, and all of them even when one fails.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { ensureBuilt, ensureInstalled, root } from "./setup.mjs";

const say = (line) => process.stderr.write(`${line}\n`);
ensureInstalled(say);
ensureBuilt(say);

const bin = (name) => path.join(root, "node_modules", ".bin", name);
/** @type {[string, string, string[]][]} */
const checks = [
  ["format", bin("oxfmt"), ["--check", "."]],
  ["lint", bin("oxlint"), ["--type-aware", "--deny-warnings", "."]],
  ["types", bin("tsc"), ["-p", "tsconfig.tests.json"]],
];
let failures = 0;
for (const [name, program, args] of checks) {
  const result = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  const isFine = result.status === 0;
  if (!isFine) {
    failures++;
    process.stdout.write(result.stdout + result.stderr + (result.error?.message ?? ""));
  }
  process.stdout.write(`${name}: ${isFine ? "fine" : "NOT fine"}\n`);
}
process.exitCode = failures === 0 ? 0 : 1;
