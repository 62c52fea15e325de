import { createReadStream, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { AttemptRef, JobId } from "#shared/model/ids";
import { isJobId } from "#shared/model/ids";
import { keys, outputPaths, scratchPaths } from "#shared/model/keys";
import type { StorageBackend } from "#shared/storage/backend";
import { parseLocation } from "#shared/storage/locations";

/** What attempts leave behind: runs and spills in the scratch folder, pending parts, logs. */
export class Leavings {
  readonly #scratchFolder: string;
  readonly #dataFolder: string;
  readonly #storage: StorageBackend;

  constructor(scratchFolder: string, dataFolder: string, storage: StorageBackend) {
    this.#scratchFolder = scratchFolder;
    this.#dataFolder = dataFolder;
    this.#storage = storage;
  }

  logPath(ref: AttemptRef): string {
    return path.join(this.#scratchFolder, scratchPaths.log(ref));
  }

  /**
   * Moves the log of an ended attempt to where the master reads it. @returns its size in bytes, 0
   * when nothing was printed
   */
  async keepLog(ref: AttemptRef): Promise<number> {
    const file = this.logPath(ref);
    // Most attempts print nothing: asking at once is cheaper than by way of another thread.
    const sizeBytes = sizeOf(file);
    if (sizeBytes === null) return 0;
    if (sizeBytes > 0) {
      const { key } = parseLocation(path.join(this.#dataFolder, keys.log(ref)));
      const writer = await this.#storage.write(key);
      try {
        for await (const block of createReadStream(file)) await writer.write(block as Buffer);
      } catch (error) {
        await writer.discard();
        throw error;
      }
      await writer.commit();
    }
    await rm(file, { force: true });
    return sizeBytes;
  }

  /** Removes runs and spills of an attempt. */
  async removeScratch(ref: AttemptRef): Promise<void> {
    const folder = path.join(this.#scratchFolder, scratchPaths.attempt(ref));
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Removes all that an attempt without a result has written. */
  async removeAttempt(ref: AttemptRef, output: string): Promise<void> {
    await this.removeScratch(ref);
    const { key } = parseLocation(`${output}/${outputPaths.pending(ref)}`);
    await this.#storage.delete(key);
    const further = parseLocation(`${output}/${outputPaths.furtherPendingFolder(ref)}`);
    await this.#storage.deleteFolder(further.key);
  }

  /** Removes what a job has in the scratch folder; its logs lie elsewhere by now. */
  async removeJob(jobId: JobId): Promise<void> {
    // The name becomes a path that is removed whole: nothing but a job's id may do that.
    if (!isJobId(jobId)) return;
    const folder = path.join(this.#scratchFolder, scratchPaths.job(jobId));
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function sizeOf(file: string): number | null {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? null;
  } catch {
    return null;
  }
}
