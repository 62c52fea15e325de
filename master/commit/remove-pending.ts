import type { JobId } from "#shared/model/ids";
import { outputPaths } from "#shared/model/keys";
import type { StorageBackend } from "#shared/storage/backend";
import { parseLocation } from "#shared/storage/locations";
import { joinKey } from "#shared/storage/object-key";

/**
 * Removes what attempts of a job left in its output folder and no commit took; nothing else.
 * @param output location of the folder
 */
export async function removePending(
  backend: StorageBackend,
  output: string,
  jobId: JobId,
): Promise<void> {
  const { key } = parseLocation(output);
  await backend.deleteFolder(joinKey(key, outputPaths.pendingFolder(jobId)));
}
