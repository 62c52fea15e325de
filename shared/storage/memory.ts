import { fault } from "#shared/errors/fault";
import type {
  ByteRange,
  ListOptions,
  ObjectStat,
  ObjectWriter,
  ReadOptions,
  StorageBackend,
} from "./backend.js";
import { checkKey, checkPrefix, compareKeys } from "./object-key.js";

interface Stored {
  readonly bytes: Buffer;
  readonly stat: ObjectStat;
}

/** Objects in this process's memory, gone with it: for small things, and for tests. */
export class MemoryStorage implements StorageBackend {
  readonly name = "memory:";
  readonly #objects = new Map<string, Stored>();
  #changeCount = 0;

  async stat(key: string): Promise<ObjectStat | null> {
    checkKey(key);
    return this.#objects.get(key)?.stat ?? null;
  }

  async hasFolder(prefix: string): Promise<boolean> {
    return this.#keysBelow(prefix).length > 0;
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectStat[]> {
    const folder = checkPrefix(prefix);
    const page: ObjectStat[] = [];
    for (const key of this.#keysBelow(prefix).sort(compareKeys)) {
      const object = this.#objects.get(key);
      if (object !== undefined && isWalked(folder, key, options)) page.push(object.stat);
    }
    if (page.length > 0) yield page;
  }

  async *read(key: string, range?: ByteRange, options: ReadOptions = {}): AsyncGenerator<Buffer> {
    const { bytes, stat } = this.#get(key);
    const { version, blockBytes = 1024 * 1024, reuseBuffer } = options;
    if (version !== undefined && version !== stat.version) {
      throw fault("MR_OBJECT_CHANGED", "object has changed", { key, expected: version });
    }
    const end = Math.min(range?.endByte ?? bytes.length, bytes.length);
    for (let start = range?.startByte ?? 0; start < end; start += blockBytes) {
      const block = Buffer.from(bytes.subarray(start, Math.min(end, start + blockBytes)));
      yield block;
      // Whoever keeps a block that was not his to keep shall notice.
      if (reuseBuffer === true) block.fill(0xee);
    }
  }

  async write(key: string): Promise<ObjectWriter> {
    checkKey(key);
    const pieces: Buffer[] = [];
    const put = (): ObjectStat => this.#put(key, Buffer.concat(pieces));
    let isOpen = true;
    return {
      get sizeBytes() {
        return pieces.reduce((sum, piece) => sum + piece.length, 0);
      },
      async write(bytes) {
        pieces.push(Buffer.from(bytes));
      },
      async commit() {
        if (!isOpen) throw new Error(`writer of ${key} is closed`);
        isOpen = false;
        return put();
      },
      async discard() {
        isOpen = false;
      },
    };
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    checkKey(key);
    if (this.#objects.has(key)) return false;
    this.#put(key, Buffer.from(bytes));
    return true;
  }

  async replaceIfMatch(key: string, bytes: Uint8Array, version: string): Promise<boolean> {
    checkKey(key);
    if (this.#objects.get(key)?.stat.version !== version) return false;
    this.#put(key, Buffer.from(bytes));
    return true;
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    this.#objects.delete(key);
  }

  async deleteFolder(prefix: string): Promise<void> {
    checkKey(checkPrefix(prefix));
    for (const key of this.#keysBelow(prefix)) this.#objects.delete(key);
  }

  async copy(fromKey: string, toKey: string): Promise<void> {
    checkKey(toKey);
    this.#put(toKey, this.#get(fromKey).bytes);
  }

  async move(fromKey: string, toKey: string): Promise<void> {
    await this.copy(fromKey, toKey);
    if (fromKey !== toKey) this.#objects.delete(fromKey);
  }

  #get(key: string): Stored {
    checkKey(key);
    const object = this.#objects.get(key);
    if (object === undefined) throw fault("MR_OBJECT_NOT_FOUND", "no such object", { key });
    return object;
  }

  #put(key: string, bytes: Buffer): ObjectStat {
    const version = String(++this.#changeCount);
    const stat = { key, sizeBytes: bytes.length, version, modifiedAtMs: this.#changeCount };
    this.#objects.set(key, { bytes, stat });
    return stat;
  }

  #keysBelow(prefix: string): string[] {
    const folder = checkPrefix(prefix);
    const keys = [...this.#objects.keys()];
    return folder === "" ? keys : keys.filter((key) => key.startsWith(`${folder}/`));
  }
}

function isWalked(folder: string, key: string, options: ListOptions): boolean {
  if (options.descend === undefined) return true;
  for (let slash = key.indexOf("/", folder.length + 1); slash >= 0;) {
    if (!options.descend(key.slice(0, slash))) return false;
    slash = key.indexOf("/", slash + 1);
  }
  return true;
}
