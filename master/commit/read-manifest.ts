import { asFault } from "#shared/errors/fault";
import { decodeManifest, type Manifest } from "#shared/format/manifest";
import { outputPaths } from "#shared/model/keys";
import type { StorageBackend } from "#shared/storage/backend";
import { joinKey } from "#shared/storage/object-key";

/**
 * @param folder backend key of an output folder
 * @returns null when no manifest lies there
 * @throws MR_OUTPUT_CORRUPT when what lies there is none, MR_STORAGE_UNAVAILABLE
 */
export async function readManifest(
  backend: StorageBackend,
  folder: string,
): Promise<Manifest | null> {
  const key = joinKey(folder, outputPaths.manifest);
  if ((await backend.stat(key)) === null) return null;
  const blocks: Buffer[] = [];
  for await (const block of backend.read(key)) blocks.push(block);
  return decodeManifest(Buffer.concat(blocks));
}

/** As `readManifest`, but null also for a file of that name that is no manifest: whatever it is, it is no job's. */
export async function formerManifest(
  backend: StorageBackend,
  folder: string,
): Promise<Manifest | null> {
  try {
    return await readManifest(backend, folder);
  } catch (error) {
    if (asFault(error).code === "MR_OUTPUT_CORRUPT") return null;
    throw error;
  }
}
