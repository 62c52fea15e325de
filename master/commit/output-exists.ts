import { outputPaths } from "#shared/model/keys";
import type { StorageBackend } from "#shared/storage/backend";
import { parseLocation } from "#shared/storage/locations";
import { joinKey } from "#shared/storage/object-key";

/**
 * Whether an output folder holds anything that a reader would take for output: an object whose name
 * does not begin with `_`, or the mark of success. A file in the folder's place counts, too.
 * @param output location of the folder
 */
export async function outputExists(backend: StorageBackend, output: string): Promise<boolean> {
  const { key } = parseLocation(output);
  if (key !== "" && (await backend.stat(key)) !== null) return true;
  if ((await backend.stat(joinKey(key, outputPaths.success))) !== null) return true;
  const nameAt = key === "" ? 0 : key.length + 1;
  const isPrivate = (path: string): boolean => path[nameAt] === "_";
  for await (const page of backend.list(key, { descend: (folder) => !isPrivate(folder) })) {
    if (page.some((object) => !isPrivate(object.key))) return true;
  }
  return false;
}
