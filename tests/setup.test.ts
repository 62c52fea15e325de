import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { packageRoot } from "#cli/installation";

const folder = mkdtempSync(path.join(tmpdir(), "millrace-setup-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("setting up never empties a folder that node_modules is a link to", () => {
  const checkout = path.join(folder, "checkout");
  const shared = path.join(folder, "shared");
  mkdirSync(path.join(checkout, "scripts"), { recursive: true });
  mkdirSync(shared);
  writeFileSync(path.join(shared, "kept"), "");
  symlinkSync(shared, path.join(checkout, "node_modules"));
  const project = { name: "x", version: "1.0.0" };
  const lock = { ...project, lockfileVersion: 3, packages: { "": project } };
  writeFileSync(path.join(checkout, "package.json"), JSON.stringify(project));
  writeFileSync(path.join(checkout, "package-lock.json"), JSON.stringify(lock));
  const setup = path.join(checkout, "scripts", "setup.mjs");
  copyFileSync(path.join(packageRoot, "scripts", "setup.mjs"), setup);
  const code = `import { ensureInstalled } from ${JSON.stringify(setup)}; ensureInstalled();`;
  const ran = spawnSync(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: checkout,
    encoding: "utf8",
  });
  expect(ran.stderr).toContain("node_modules is a link");
  expect(ran.status).toBe(1);
  expect(readdirSync(shared)).toEqual(["kept"]);
});
