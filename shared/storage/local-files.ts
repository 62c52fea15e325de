import type { BigIntStats } from "node:fs";
import { mkdir, open, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemIds } from "#shared/clock/system";
import type { ObjectStat } from "./backend.js";
import { isMissing, systemCode } from "./local-errors.js";

const ownName = /^\..*\.(?:[a-z0-9]{12}\.tmp|mrlock(?:\.[a-z0-9]{12})?)$/s;

/** Whether a name is one of the files that this backend keeps beside objects; they are no objects. */
export function isOwnName(name: string): boolean {
  return name.charCodeAt(0) === 46 && ownName.test(name);
}

export function randomToken(): string {
  return systemIds.suffix(12);
}

/** A hidden path of its own for content that will be renamed to `path`. */
export function temporaryBeside(path: string): string {
  return pathBeside(path, `${randomToken()}.tmp`);
}

/** A hidden path beside the object; its name is cut so that no file system finds it too long. */
export function pathBeside(path: string, suffix: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return join(dirname(path), `.${name.slice(0, 40)}.${suffix}`);
}

export function toObjectStat(key: string, stat: BigIntStats): ObjectStat {
  return {
    key,
    sizeBytes: Number(stat.size),
    version: versionOf(stat),
    modifiedAtMs: Number(stat.mtimeMs),
  };
}

export function versionOf(stat: BigIntStats): string {
  return `${stat.size}-${stat.mtimeNs}-${stat.ino}`;
}

/** Makes a folder and those above it; durable ones survive a power cut. */
export async function makeFolder(path: string, durable: boolean): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined || !durable) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}

/** Creates a temporary file beside `path`, with its folder; a folder removed meanwhile is remade. */
export async function openBeside(
  path: string,
  durable: boolean,
): Promise<{ readonly file: FileHandle; readonly path: string }> {
  const temporary = temporaryBeside(path);
  for (let attempt = 1; ; attempt++) {
    try {
      return { file: await open(temporary, "wx"), path: temporary };
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || attempt === 4) throw error;
      await makeFolder(dirname(path), durable);
    }
  }
}

const running = new Map<string, Promise<void>>();
const waiting = new Map<string, Promise<void>>();

/**
 * Makes renames and removals in a folder durable. Calls that come while one runs share the next, so
 * that a thousand renames do not cost a thousand syncs.
 */
export function syncFolder(path: string): Promise<void> {
  const shared = waiting.get(path);
  if (shared !== undefined) return shared;
  const mine = runAfter(running.get(path), path);
  waiting.set(path, mine);
  return mine;
}

async function runAfter(previous: Promise<void> | undefined, path: string): Promise<void> {
  // A failure of the sync before is its own callers' affair.
  await previous?.catch(() => undefined);
  const mine = waiting.get(path);
  waiting.delete(path);
  if (mine !== undefined) running.set(path, mine);
  try {
    await syncOnce(path);
  } finally {
    if (running.get(path) === mine) running.delete(path);
  }
}

async function syncOnce(path: string): Promise<void> {
  let folder: FileHandle;
  try {
    folder = await open(path, "r");
  } catch (error) {
    // A folder that was removed meanwhile has nothing left to be durable.
    if (isMissing(error)) return;
    throw error;
  }
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
