import { readManifest } from "#master/commit/read-manifest";
import { folderOf } from "#master/schedule/links";
import type { Job } from "#master/schedule/state";
import type { NamedPart } from "#master/schedule/views";
import { fault } from "#shared/errors/fault";
import type { StorageBackend } from "#shared/storage/backend";
import { parseLocation } from "#shared/storage/locations";

/**
 * What the last run of a chain wrote, which is to become the output of the chain.
 * @throws MR_OUTPUT_CORRUPT, MR_STORAGE_UNAVAILABLE
 */
export async function lastRunParts(backend: StorageBackend, job: Job): Promise<NamedPart[]> {
  const { jobId, output, chain } = job;
  if (chain === null) return [];
  const folder = folderOf(job, chain.link);
  const manifest = await readManifest(backend, parseLocation(folder).key);
  // A commit that was cut short at its very end has nothing left to move.
  const committed = manifest ?? (await readManifest(backend, parseLocation(output).key));
  if (committed === null || (manifest === null && committed.jobId !== jobId)) {
    throw fault("MR_OUTPUT_CORRUPT", "the output of the last step is gone", { location: folder });
  }
  return committed.parts.map(({ name, records, bytes, sha256 }) => {
    return { name, location: `${folder}/${name}`, records, bytes, sha256 };
  });
}
