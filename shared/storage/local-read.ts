import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { fault } from "#shared/errors/fault";
import type { ByteRange, ReadOptions } from "./backend.js";
import { readFault } from "./local-errors.js";
import { versionOf } from "./local-files.js";

export const defaultBlockBytes = 1024 * 1024;

/**
 * Blocks of a file; the next one is read while the caller works on the present one.
 * With `reuseBuffer` two buffers take turns.
 */
export async function* readBlocks(
  path: string,
  range: ByteRange | undefined,
  options: ReadOptions,
): AsyncGenerator<Buffer> {
  const file = await openFile(path);
  let ahead: Promise<Buffer> | null = null;
  try {
    const sizeBytes = await checkVersion(file, path, options.version);
    const endByte = Math.min(range?.endByte ?? sizeBytes, sizeBytes);
    let position = range?.startByte ?? 0;
    const blockBytes = Math.min(options.blockBytes ?? defaultBlockBytes, endByte - position);
    let [present, spare]: (Buffer | null)[] = [null, null];
    const start = (): Promise<Buffer> => {
      const count = Math.min(blockBytes, endByte - position);
      const into = spare ?? Buffer.allocUnsafeSlow(count);
      spare = present;
      present = options.reuseBuffer === true ? into : null;
      const reading = fill(file, path, into, position, count);
      // Awaited later; without this an error meanwhile would count as unhandled.
      reading.catch(() => undefined);
      return reading;
    };
    if (position < endByte) ahead = start();
    while (ahead !== null) {
      const block: Buffer = await ahead;
      position += block.length;
      ahead = block.length > 0 && position < endByte ? start() : null;
      if (block.length > 0) yield block;
    }
    if (options.version !== undefined) await checkVersion(file, path, options.version);
  } finally {
    await ahead?.catch(() => undefined);
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Non-blocking: opening a pipe without a writer must not hang a thread of the pool.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw readFault(error, path);
  }
}

async function fill(
  file: FileHandle,
  path: string,
  into: Buffer,
  position: number,
  count: number,
): Promise<Buffer> {
  try {
    const { bytesRead } = await file.read(into, 0, count, position);
    return bytesRead === into.length ? into : into.subarray(0, bytesRead);
  } catch (error) {
    throw readFault(error, path);
  }
}

async function checkVersion(
  file: FileHandle,
  path: string,
  version: string | undefined,
): Promise<number> {
  const stat = await file.stat({ bigint: true });
  if (!stat.isFile()) throw fault("MR_OBJECT_NOT_FOUND", "no such object", { path });
  const found = versionOf(stat);
  if (version !== undefined && version !== found) {
    throw fault("MR_OBJECT_CHANGED", "object has changed", { path, expected: version, found });
  }
  return Number(stat.size);
}
