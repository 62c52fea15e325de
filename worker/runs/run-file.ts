import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fault } from "#shared/errors/fault";
import {
  decodeFooter,
  decodeIndex,
  footerBytes,
  indexEntryBytes,
  type Segment,
} from "#shared/format/run-index";

/**
 * Reads where each partition of a run file lies.
 * @throws MR_RUN_NOT_FOUND, MR_RUN_CORRUPT
 */
export function readRunIndex(path: string): Segment[] {
  const file = openRun(path);
  try {
    const fileBytes = fstatSync(file).size;
    const footer = readAt(file, Math.max(0, fileBytes - footerBytes), footerBytes);
    const { indexOffset, partitionCount, checksum } = decodeFooter(footer, fileBytes);
    return decodeIndex(readAt(file, indexOffset, partitionCount * indexEntryBytes), checksum);
  } finally {
    closeSync(file);
  }
}

/**
 * Opens a run for reading. Only a file that is not there is a missing run: one that cannot be opened
 * just now, for want of descriptors perhaps, need not be made again.
 * @throws MR_RUN_NOT_FOUND, or what the system says
 */
export function openRun(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw fault("MR_RUN_NOT_FOUND", "run file is not there", {}, error);
  }
}

/** Whether the system's error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

function readAt(file: number, position: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const got = readSync(file, bytes, 0, size, position);
  if (got !== size) throw fault("MR_RUN_CORRUPT", "run file is too short", { size });
  return bytes;
}
