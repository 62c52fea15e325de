import { constants } from "node:fs";
import { copyFile, link, open, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fault } from "#shared/errors/fault";
import type {
  ByteRange,
  ListOptions,
  ObjectStat,
  ObjectWriter,
  ReadOptions,
  StorageBackend,
  WriteOptions,
} from "./backend.js";
import { isMissing, readFault, systemCode, writeFault } from "./local-errors.js";
import { isOwnName, makeFolder, openBeside, syncFolder, temporaryBeside } from "./local-files.js";
import { listObjects, statObject } from "./local-list.js";
import { withLock } from "./local-lock.js";
import { readBlocks } from "./local-read.js";
import { LocalWriter } from "./local-writer.js";
import { checkKey, checkPrefix } from "./object-key.js";

export interface LocalStorageOptions {
  /** Sync files and folders before a write counts as done; off only for what may be lost. */
  readonly durable?: boolean;
}

/**
 * Objects as files below a folder of a local disk. An object appears and changes in one rename, so
 * that a reader sees the old or the new content whole. Needs a file system with hard links and
 * exclusive creation.
 */
export class LocalStorage implements StorageBackend {
  readonly name: string;
  readonly #root: string;
  readonly #durable: boolean;

  constructor(root: string, options: LocalStorageOptions = {}) {
    this.#root = resolve(root);
    this.#durable = options.durable ?? true;
    this.name = `file://${this.#root}`;
  }

  async stat(key: string): Promise<ObjectStat | null> {
    checkKey(key);
    return statObject(this.#root, key);
  }

  async hasFolder(prefix: string): Promise<boolean> {
    const path = join(this.#root, checkPrefix(prefix));
    try {
      return (await stat(path)).isDirectory();
    } catch (error) {
      if (isMissing(error)) return false;
      throw readFault(error, path);
    }
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectStat[]> {
    return listObjects(this.#root, checkPrefix(prefix), options);
  }

  read(key: string, range?: ByteRange, options: ReadOptions = {}): AsyncIterable<Buffer> {
    checkKey(key);
    return readBlocks(join(this.#root, key), range, options);
  }

  async write(key: string, options: WriteOptions = {}): Promise<ObjectWriter> {
    return LocalWriter.open(key, this.#writablePath(key), this.#durable, options);
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    const path = this.#writablePath(key);
    return this.#changing(path, () =>
      this.#withTemporary(path, bytes, async (temporary) => {
        try {
          await link(temporary, path);
        } catch (error) {
          if (systemCode(error) !== "EEXIST") throw error;
          if (await this.hasFolder(key)) throw error;
          return false;
        }
        if (this.#durable) await syncFolder(dirname(path));
        return true;
      }),
    );
  }

  async replaceIfMatch(key: string, bytes: Uint8Array, version: string): Promise<boolean> {
    const path = this.#writablePath(key);
    if ((await this.stat(key))?.version !== version) return false;
    return this.#changing(path, () =>
      withLock(path, async (confirm) => {
        const before = await this.stat(key);
        if (before?.version !== version) return false;
        return this.#withTemporary(path, bytes, async (temporary) => {
          await makeNewer(temporary, before);
          await confirm();
          await rename(temporary, path);
          if (this.#durable) await syncFolder(dirname(path));
          return true;
        });
      }),
    );
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    const path = join(this.#root, key);
    try {
      await unlink(path);
      if (this.#durable) await syncFolder(dirname(path));
    } catch (error) {
      // A folder is no object, so there is none to remove.
      if (!isMissing(error) && systemCode(error) !== "EISDIR") throw writeFault(error, path);
    }
  }

  async deleteFolder(prefix: string): Promise<void> {
    const folder = checkPrefix(prefix);
    checkKey(folder);
    const path = join(this.#root, folder);
    await this.#changing(path, async () => {
      if (!(await this.hasFolder(folder))) return;
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      if (this.#durable) await syncFolder(dirname(path));
    });
  }

  async copy(fromKey: string, toKey: string): Promise<void> {
    checkKey(fromKey);
    const toPath = this.#writablePath(toKey);
    await this.#mustExist(fromKey);
    await this.#changing(toPath, async () => {
      await makeFolder(dirname(toPath), this.#durable);
      const temporary = temporaryBeside(toPath);
      try {
        await copyFile(join(this.#root, fromKey), temporary, constants.COPYFILE_FICLONE);
        if (this.#durable) await syncFile(temporary);
        await rename(temporary, toPath);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      if (this.#durable) await syncFolder(dirname(toPath));
    });
  }

  async move(fromKey: string, toKey: string): Promise<void> {
    checkKey(fromKey);
    const fromPath = join(this.#root, fromKey);
    const toPath = this.#writablePath(toKey);
    await this.#mustExist(fromKey);
    await this.#changing(toPath, async () => {
      await makeFolder(dirname(toPath), this.#durable);
      try {
        await rename(fromPath, toPath);
      } catch (error) {
        if (systemCode(error) !== "EXDEV") throw error;
        await this.copy(fromKey, toKey);
        await this.delete(fromKey);
        return;
      }
      if (!this.#durable) return;
      await Promise.all([syncFolder(dirname(toPath)), syncFolder(dirname(fromPath))]);
    });
  }

  #writablePath(key: string): string {
    checkKey(key);
    if (isOwnName(key.slice(key.lastIndexOf("/") + 1))) {
      throw fault("MR_KEY_INVALID", "name is reserved for unfinished writes", { key });
    }
    return join(this.#root, key);
  }

  async #mustExist(key: string): Promise<void> {
    if ((await this.stat(key)) !== null) return;
    throw fault("MR_OBJECT_NOT_FOUND", "no such object", { path: join(this.#root, key) });
  }

  async #changing<Result>(path: string, change: () => Promise<Result>): Promise<Result> {
    try {
      return await change();
    } catch (error) {
      throw writeFault(error, path);
    }
  }

  /** Writes the bytes beside `path`, durable, hands them to `use`, and removes what is left over. */
  async #withTemporary<Result>(
    path: string,
    bytes: Uint8Array,
    use: (temporary: string) => Promise<Result>,
  ): Promise<Result> {
    const temporary = await openBeside(path, this.#durable);
    try {
      try {
        await temporary.file.writeFile(bytes);
        if (this.#durable) await temporary.file.sync();
      } finally {
        await temporary.file.close();
      }
      return await use(temporary.path);
    } finally {
      await rm(temporary.path, { force: true });
    }
  }
}

/**
 * Moves the modification time past the former one's when the clock of the file system is too coarse
 * to tell them apart: with a reused inode the version would otherwise come back.
 */
async function makeNewer(temporary: string, before: ObjectStat): Promise<void> {
  const file = await open(temporary, "r+");
  try {
    const mtimeMs = (await file.stat()).mtimeMs;
    if (mtimeMs >= before.modifiedAtMs + 1) return;
    // Half a millisecond more: as a number of seconds it is cut off to a microsecond below what is meant.
    const seconds = (before.modifiedAtMs + 1.5) / 1_000;
    await file.utimes(seconds, seconds);
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
