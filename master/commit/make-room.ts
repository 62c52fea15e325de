import { fault } from "#shared/errors/fault";
import { isPartPath, partNamePattern } from "#shared/model/folders";
import { outputPaths } from "#shared/model/keys";
import type { StorageBackend } from "#shared/storage/backend";
import { joinKey } from "#shared/storage/object-key";
import { spread } from "./concurrency.js";
import { outputExists } from "./output-exists.js";
import { formerManifest } from "./read-manifest.js";

export interface RoomRequest {
  /** Location of the output folder. */
  readonly output: string;
  /** Whether the output of an earlier job may be replaced. */
  readonly overwrite: boolean;
  /** What will lie there: paths below the output. */
  readonly parts: readonly { readonly name: string }[];
}

/**
 * Removes an earlier job's output, its mark of success first: the parts that its manifest lists, and
 * what is called like a part in the output or in a folder that the new output writes to. Files of
 * others stay. Repeated after a crash it goes on: the manifest is removed last.
 * @throws MR_OUTPUT_EXISTS without `overwrite`, or when a file lies where a folder must be
 */
export async function makeRoom(
  backend: StorageBackend,
  request: RoomRequest,
  folder: string,
): Promise<void> {
  if (!(await outputExists(backend, request.output))) return;
  if (!request.overwrite) {
    throw fault("MR_OUTPUT_EXISTS", "output folder is not empty", { output: request.output });
  }
  const folders = foldersOf(request.parts.map(({ name }) => name));
  await checkFolders(backend, request, folder, folders);
  await backend.delete(joinKey(folder, outputPaths.success));
  const old = new Set<string>();
  for (const { name } of (await formerManifest(backend, folder))?.parts ?? []) {
    // A manifest is a file like others: what it says leads nowhere else.
    if (isPartPath(name)) old.add(joinKey(folder, name));
  }
  for (const below of ["", ...folders]) {
    for (const key of await partsIn(backend, below === "" ? folder : joinKey(folder, below))) {
      old.add(key);
    }
  }
  await spread([...old], (key) => backend.delete(key));
  await backend.delete(joinKey(folder, outputPaths.manifest));
}

/** The folders that parts lie in, those above them included. */
function foldersOf(names: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const name of names) {
    for (let slash = name.indexOf("/"); slash >= 0; slash = name.indexOf("/", slash + 1)) {
      folders.add(name.slice(0, slash));
    }
  }
  return [...folders];
}

async function checkFolders(
  backend: StorageBackend,
  { output }: RoomRequest,
  folder: string,
  folders: readonly string[],
): Promise<void> {
  await spread(folders, async (name) => {
    if ((await backend.stat(joinKey(folder, name))) === null) return;
    throw fault("MR_OUTPUT_EXISTS", "a file lies where a folder of the output must be", {
      output,
      file: name,
    });
  });
}

/** What is called like a part directly in a folder. */
async function partsIn(backend: StorageBackend, folder: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of backend.list(folder, { descend: () => false })) {
    for (const { key } of page) {
      const name = key.slice(key.lastIndexOf("/") + 1);
      if (joinKey(folder, name) === key && partNamePattern.test(name)) keys.push(key);
    }
  }
  return keys;
}
