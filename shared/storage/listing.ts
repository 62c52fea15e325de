import { fault } from "#shared/errors/fault";
import { outputPaths } from "#shared/model/keys";
import type { InputFile } from "#shared/model/split";
import type { ListOptions, ObjectStat, StorageBackend } from "./backend.js";
import {
  hasWildcards,
  isMatch,
  parsePatterns,
  startOf,
  step,
  type Pattern,
  type Positions,
} from "./glob.js";
import { parseLocation, toLocation } from "./locations.js";
import { compareKeys, joinKey } from "./object-key.js";

/**
 * The objects that inputs name: files, folders with all below them, and globs over both. Names that
 * begin with `_` or `.` are left out unless they are named, and so is the manifest of a job's output,
 * which is no data of it. A name that exists is taken as it is, even if it looks like a glob.
 * @returns sorted by location, each object once
 * @throws MR_INPUT_NOT_FOUND naming the file or folder that is not there; MR_INPUT_EMPTY naming the
 * glob, or all inputs when none holds a file; MR_INPUT_UNREADABLE; MR_LOCATION_UNSUPPORTED
 */
export async function expandInputs(
  backend: StorageBackend,
  inputs: readonly string[],
): Promise<InputFile[]> {
  const files = new Map<string, InputFile>();
  for (const input of inputs) {
    for await (const page of objectsOf(backend, input)) {
      for (const object of page) {
        const { key, sizeBytes, version } = object;
        files.set(key, { location: toLocation(key), sizeBytes, version });
      }
    }
  }
  await leaveOutManifests(backend, inputs, files);
  if (files.size === 0) {
    throw fault("MR_INPUT_EMPTY", "no input files", { inputs: inputs.join(", ") });
  }
  return [...files.values()].sort((a, b) => compareKeys(a.location, b.location));
}

/** A manifest is told from a user's file of that name by the mark of success beside it. */
async function leaveOutManifests(
  backend: StorageBackend,
  inputs: readonly string[],
  files: Map<string, InputFile>,
): Promise<void> {
  const named = new Set(inputs.map((input) => parseLocation(input).key));
  const ending = `/${outputPaths.manifest}`;
  for (const key of [...files.keys()].filter((each) => each.endsWith(ending))) {
    const folder = key.slice(0, -ending.length);
    if (named.has(key) || (await backend.stat(joinKey(folder, outputPaths.success))) === null) {
      continue;
    }
    files.delete(key);
  }
}

async function* objectsOf(backend: StorageBackend, input: string): AsyncGenerator<ObjectStat[]> {
  const { key } = parseLocation(input);
  const object = key === "" ? null : await backend.stat(key);
  if (object !== null) return yield [object];
  if (await backend.hasFolder(key)) return yield* objectsBelow(backend, key);
  if (!hasWildcards(input)) {
    throw fault("MR_INPUT_NOT_FOUND", "input does not exist", { input });
  }
  const patterns = parsePatterns(key);
  if (patterns === null) {
    throw fault("MR_LOCATION_UNSUPPORTED", "input has too many alternatives", { input });
  }
  let isEmpty = true;
  for (const pattern of patterns) {
    for await (const page of objectsMatching(backend, pattern)) {
      isEmpty &&= page.length === 0;
      yield page;
    }
  }
  if (isEmpty) throw fault("MR_INPUT_EMPTY", "no file matches the input", { input });
}

function objectsBelow(backend: StorageBackend, folder: string): AsyncGenerator<ObjectStat[]> {
  return objectsMatching(backend, { base: folder === "" ? [] : folder.split("/"), rest: [] });
}

async function* objectsMatching(
  backend: StorageBackend,
  pattern: Pattern,
): AsyncGenerator<ObjectStat[]> {
  const base = pattern.base.join("/");
  if (pattern.rest.length === 0) {
    const object = base === "" ? null : await backend.stat(base);
    if (object !== null) return yield [object];
  }
  const baseChars = base === "" ? 0 : base.length + 1;
  const walk = (key: string): Positions => positionsAt(pattern, key.slice(baseChars));
  const options: ListOptions = { descend: (folder) => walk(folder).size > 0 };
  for await (const page of backend.list(base, options)) {
    yield page.filter(({ key }) => isMatch(pattern, walk(key)));
  }
}

function positionsAt(pattern: Pattern, path: string): Positions {
  let positions = startOf(pattern);
  for (const name of path.split("/")) {
    positions = step(pattern, positions, name);
    if (positions.size === 0) break;
  }
  return positions;
}
