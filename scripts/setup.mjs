// Makes a fresh checkout ready to run. Plain JavaScript without dependencies: nothing is there yet.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const rooms = ["shared", "master", "worker", "cli", "bench"];
const quiet = () => undefined;

/** Installs exactly what package-lock.json says, when that was not done since it changed. */
export function ensureInstalled(say = quiet) {
  checkNode();
  // npm writes this file last, so an install that broke off does not count.
  const marker = path.join(root, "node_modules", ".package-lock.json");
  const lock = path.join(root, "package-lock.json");
  if (existsSync(marker) && modifiedMs(marker) >= modifiedMs(lock)) return;
  // npm ci empties the folder first, also the one of another checkout that a link leads to.
  const modules = path.dirname(marker);
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    fail(
      "npm ci",
      `node_modules is a link and not as package-lock.json says; remove it: ${modules}`,
    );
  }
  say("installing dependencies (npm ci)");
  const quietly = ["--no-audit", "--no-fund", "--loglevel=error"];
  const clean = spawnSync("npm", ["ci", ...quietly], { cwd: root, encoding: "utf8" });
  if (clean.status === 0) return;
  if (!(clean.stderr ?? "").includes("EUSAGE")) {
    fail("npm ci", clean.error?.message ?? clean.stderr);
  }
  // npm ci wants packages of every platform in the lock, also those that this registry lacks; this
  // takes the same versions with the same checksums, and leaves the lock as it is.
  say("npm ci refuses the lock here; installing the same versions (npm install --no-save)");
  run("npm", ["install", "--no-save", ...quietly]);
}

/** Compiles what changed since the last time. */
export function ensureBuilt(say = quiet) {
  if (isBuilt()) return;
  say("building (tsc --build)");
  const startedAt = new Date();
  run(process.execPath, [path.join(root, "node_modules", "typescript", "bin", "tsc"), "--build"]);
  writeFileSync(stamp, "");
  utimesSync(stamp, startedAt, startedAt);
}

/** A checkout has sources; an installed package has only dist. */
export function isCheckout() {
  return existsSync(path.join(root, "tsconfig.json"));
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`millrace needs Node 20.19 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}

/** Only a complete build leaves the stamp; its time is that of the build's start. */
const stamp = path.join(root, "dist", ".built");

function isBuilt() {
  if (!existsSync(stamp)) return false;
  const builtMs = modifiedMs(stamp);
  return [".ts", "tsconfig.json"].every((ending) =>
    rooms.every((room) => newestMs(path.join(root, room), ending) <= builtMs),
  );
}

/** Latest change of a file below a folder whose name ends so; tests are never built. */
function newestMs(folder, ending) {
  let newest = 0;
  if (!existsSync(folder)) return newest;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "data") newest = Math.max(newest, newestMs(file, ending));
    } else if (entry.name.endsWith(ending) && !entry.name.endsWith(".test.ts")) {
      newest = Math.max(newest, modifiedMs(file));
    }
  }
  return newest;
}

function modifiedMs(file) {
  return statSync(file).mtimeMs;
}

/** Runs a program with our terminal; its failure is ours. */
export function run(program, args) {
  const result = spawnSync(program, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.status === 0) return;
  const reason = result.error?.message ?? `exit code ${result.status ?? result.signal}`;
  fail(`${program} ${args.join(" ")}`, reason);
}

function fail(what, reason) {
  process.stderr.write(`${what} failed: ${reason}\n`);
  process.exit(1);
}
