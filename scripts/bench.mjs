// `npm run bench`: builds, then runs the benchmark with the arguments given.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const root = path.resolve(import.meta.dirname, "..");

function run(program, argv) {
  const { status } = spawnSync(program, argv, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const compiler = path.join(root, "node_modules/typescript/bin/tsc");
if (!existsSync(compiler)) run("npm", ["ci", "--no-audit", "--no-fund"]);
run(process.execPath, [compiler, "--build"]);

const { runBench } = await import(pathToFileURL(path.join(root, "dist/bench/main.js")).href);
process.exitCode = await runBench({
  argv: process.argv.slice(2),
  environment: process.env,
  root,
  write: (text) => process.stdout.write(text),
});
