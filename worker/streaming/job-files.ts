import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import type { Program } from "#shared/authoring/programs";

type Files = NonNullable<Program["files"]>;

/** Folders that this thread has seen complete; the job's bundle says what is in them. */
const complete = new WeakMap<Files, string>();

/**
 * Puts a program's files into the folder that it runs in. They are decoded once a job and worker and
 * linked from there, so a program must not change them in place.
 * @param cacheFolder of the job
 */
export function putFiles(files: Files | undefined, cacheFolder: string, folder: string): void {
  if (files === undefined) return;
  const cache = cached(files, cacheFolder);
  for (const name of Object.keys(files)) {
    const target = join(folder, name);
    if (fs.existsSync(target)) continue;
    try {
      fs.linkSync(join(cache, name), target);
    } catch {
      fs.copyFileSync(join(cache, name), target);
    }
  }
}

/** The folder with the decoded files; it appears complete or not at all, whoever else makes it. */
function cached(files: Files, cacheFolder: string): string {
  const known = complete.get(files);
  if (known?.startsWith(cacheFolder) === true && fs.existsSync(known)) return known;
  const final = join(cacheFolder, nameOf(files));
  if (!fs.existsSync(final)) {
    fs.mkdirSync(cacheFolder, { recursive: true });
    const temporary = fs.mkdtempSync(join(cacheFolder, "new-"));
    write(files, temporary);
    try {
      fs.renameSync(temporary, final);
    } catch (error) {
      fs.rmSync(temporary, { recursive: true, force: true });
      if (!fs.existsSync(final)) throw error;
    }
  }
  complete.set(files, final);
  return final;
}

function write(files: Files, folder: string): void {
  for (const [name, { base64, isExecutable }] of Object.entries(files)) {
    const bytes = Buffer.from(base64, "base64");
    // A script is meant to be run, whether or not its bit survived the way here.
    const runs = isExecutable || bytes.subarray(0, 2).toString() === "#!";
    fs.writeFileSync(join(folder, name), bytes, { mode: runs ? 0o755 : 0o644 });
  }
}

function nameOf(files: Files): string {
  const hash = createHash("sha256");
  for (const [name, { base64, isExecutable }] of Object.entries(files)) {
    hash.update(`${name}\0${String(isExecutable)}\0${base64.length}\0`).update(base64);
  }
  return hash.digest("hex").slice(0, 32);
}
