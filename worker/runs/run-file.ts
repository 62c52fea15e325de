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
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw fault("MR_RUN_NOT_FOUND", "run file cannot be opened", {}, error);
  }
  try {
    const fileBytes = fstatSync(file).size;
    const footer = readAt(file, Math.max(0, fileBytes - footerBytes), footerBytes);
    const { indexOffset, partitionCount, checksum } = decodeFooter(footer, fileBytes);
    return decodeIndex(readAt(file, indexOffset, partitionCount * indexEntryBytes), checksum);
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, position: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const got = readSync(file, bytes, 0, size, position);
  if (got !== size) throw fault("MR_RUN_CORRUPT", "run file is too short", { size });
  return bytes;
}
