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

/**
 * A backend that stops working: the first operations go through, all later ones fail, as if the
 * process had died between them. Starting, continuing and committing a write count one each.
 */
export class FailingStorage implements StorageBackend {
  readonly name: string;
  readonly #inner: StorageBackend;
  #remaining: number;

  constructor(inner: StorageBackend, operations: number) {
    this.#inner = inner;
    this.#remaining = operations;
    this.name = `failing ${inner.name}`;
  }

  /** Whether an operation was refused. */
  get hasFailed(): boolean {
    return this.#remaining < 0;
  }

  async stat(key: string): Promise<ObjectStat | null> {
    this.#spend("stat", key);
    return this.#inner.stat(key);
  }

  async hasFolder(prefix: string): Promise<boolean> {
    this.#spend("has-folder", prefix);
    return this.#inner.hasFolder(prefix);
  }

  async *list(prefix: string, options?: ListOptions): AsyncGenerator<ObjectStat[]> {
    for await (const page of this.#inner.list(prefix, options)) {
      this.#spend("list", prefix);
      yield page;
    }
  }

  async *read(key: string, range?: ByteRange, options?: ReadOptions): AsyncGenerator<Buffer> {
    for await (const block of this.#inner.read(key, range, options)) {
      this.#spend("read", key);
      yield block;
    }
  }

  async write(key: string, options?: WriteOptions): Promise<ObjectWriter> {
    this.#spend("write", key);
    const writer = await this.#inner.write(key, options);
    return {
      get sizeBytes() {
        return writer.sizeBytes;
      },
      write: async (bytes) => {
        this.#spend("write", key);
        await writer.write(bytes);
      },
      commit: async () => {
        if (this.#isSpent()) await writer.discard();
        this.#spend("commit", key);
        return writer.commit();
      },
      discard: () => writer.discard(),
    };
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    this.#spend("put-if-absent", key);
    return this.#inner.putIfAbsent(key, bytes);
  }

  async replaceIfMatch(key: string, bytes: Uint8Array, version: string): Promise<boolean> {
    this.#spend("replace-if-match", key);
    return this.#inner.replaceIfMatch(key, bytes, version);
  }

  async delete(key: string): Promise<void> {
    this.#spend("delete", key);
    await this.#inner.delete(key);
  }

  async deleteFolder(prefix: string): Promise<void> {
    this.#spend("delete-folder", prefix);
    await this.#inner.deleteFolder(prefix);
  }

  async copy(fromKey: string, toKey: string): Promise<void> {
    this.#spend("copy", fromKey);
    await this.#inner.copy(fromKey, toKey);
  }

  async move(fromKey: string, toKey: string): Promise<void> {
    this.#spend("move", fromKey);
    await this.#inner.move(fromKey, toKey);
  }

  #isSpent(): boolean {
    return this.#remaining <= 0;
  }

  #spend(operation: string, key: string): void {
    const isSpent = this.#isSpent();
    this.#remaining -= 1;
    if (isSpent) {
      throw fault("MR_STORAGE_UNAVAILABLE", "injected failure", { operation, key });
    }
  }
}
