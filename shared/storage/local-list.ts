import type { Dirent } from "node:fs";
import { opendir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "#shared/errors/fault";
import type { ListOptions, ObjectStat } from "./backend.js";
import { isMissing, readFault } from "./local-errors.js";
import { isOwnName, toObjectStat } from "./local-files.js";
import { compareKeys, joinKey } from "./object-key.js";

const pageSize = 1_000;
/** Names of one folder held at a time; a larger folder is read again for each batch. */
const namesMax = 50_000;

/** `name` ends in `/` for a folder, so that sorting names sorts the keys below them. */
interface Entry {
  readonly name: string;
  readonly isLink: boolean;
}

interface Frame {
  readonly key: string;
  readonly path: string;
  entries: Entry[];
  index: number;
  /** Name of the last entry loaded; null before the first batch. */
  last: string | null;
  isComplete: boolean;
}

/** Objects below a folder in key order; symbolic links are followed, loops among them are not. */
export async function* listObjects(
  root: string,
  folderKey: string,
  options: ListOptions,
  batchNames = namesMax,
): AsyncGenerator<ObjectStat[]> {
  const stack = [newFrame(folderKey, join(root, folderKey))];
  let keys: string[] = [];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const entry = frame.entries[frame.index++];
    if (entry === undefined) {
      if (frame.isComplete) stack.pop();
      else await load(frame, batchNames);
      continue;
    }
    if (entry.name.endsWith("/")) {
      const name = entry.name.slice(0, -1);
      const key = joinKey(frame.key, name);
      if (options.descend?.(key) === false) continue;
      const path = join(frame.path, name);
      if (entry.isLink && (await isLoop(stack, path))) continue;
      stack.push(newFrame(key, path));
      continue;
    }
    keys.push(joinKey(frame.key, entry.name));
    if (keys.length < pageSize) continue;
    yield* nonEmpty(await statAll(root, keys));
    keys = [];
  }
  yield* nonEmpty(await statAll(root, keys));
}

function newFrame(key: string, path: string): Frame {
  return { key, path, entries: [], index: 0, last: null, isComplete: false };
}

function* nonEmpty(page: ObjectStat[]): Generator<ObjectStat[]> {
  if (page.length > 0) yield page;
}

/** The next names of the folder, smallest first; only these are held. */
async function load(frame: Frame, batchNames: number): Promise<void> {
  let entries: Entry[] = [];
  let isCut = false;
  const byName = (a: Entry, b: Entry): number => compareKeys(a.name, b.name);
  try {
    for await (const found of await opendir(frame.path, { bufferSize: 512 })) {
      const entry = await toEntry(frame.path, found);
      if (entry === null) continue;
      if (frame.last !== null && compareKeys(entry.name, frame.last) <= 0) continue;
      entries.push(entry);
      if (entries.length < 2 * batchNames) continue;
      entries = entries.toSorted(byName).slice(0, batchNames);
      isCut = true;
    }
  } catch (error) {
    if (!isMissing(error)) throw readFault(error, frame.path);
  }
  entries.sort(byName);
  frame.entries = entries.slice(0, batchNames);
  frame.index = 0;
  frame.last = frame.entries.at(-1)?.name ?? frame.last;
  frame.isComplete = !isCut && entries.length <= batchNames;
}

async function toEntry(folder: string, found: Dirent): Promise<Entry | null> {
  if (isOwnName(found.name)) return null;
  if (found.name.includes("\ufffd")) await mustBeUnicode(folder, found.name);
  if (found.isFile()) return { name: found.name, isLink: false };
  if (found.isDirectory()) return { name: `${found.name}/`, isLink: false };
  // Links, and entries whose kind this file system does not tell.
  try {
    const target = await stat(join(folder, found.name));
    const isLink = found.isSymbolicLink();
    if (target.isFile()) return { name: found.name, isLink };
    return target.isDirectory() ? { name: `${found.name}/`, isLink } : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw readFault(error, join(folder, found.name));
  }
}

/** A name that is not UTF-8 cannot be a key; leaving the file out in silence would lose data. */
async function mustBeUnicode(folder: string, name: string): Promise<void> {
  try {
    await stat(join(folder, name));
  } catch (error) {
    throw fault("MR_INPUT_UNREADABLE", "file name is not utf-8", { folder, name }, error);
  }
}

async function isLoop(stack: readonly Frame[], path: string): Promise<boolean> {
  const target = await realpath(path);
  for (const frame of stack) {
    const real = await realpath(frame.path);
    if (real === target || real.startsWith(target === "/" ? "/" : `${target}/`)) return true;
  }
  return false;
}

async function statAll(root: string, keys: readonly string[]): Promise<ObjectStat[]> {
  const page: ObjectStat[] = [];
  for (let from = 0; from < keys.length; from += 64) {
    const batch = keys.slice(from, from + 64).map((key) => statObject(root, key));
    for (const found of await Promise.all(batch)) if (found !== null) page.push(found);
  }
  return page;
}

/** @returns null when there is no regular file, also when it vanished since it was listed */
export async function statObject(root: string, key: string): Promise<ObjectStat | null> {
  const path = join(root, key);
  try {
    const found = await stat(path, { bigint: true });
    return found.isFile() ? toObjectStat(key, found) : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw readFault(error, path);
  }
}
