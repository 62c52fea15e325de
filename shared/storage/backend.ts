/**
 * What Millrace needs of a place that keeps objects. Keys use `/`, have no leading slash, and are
 * unique within a backend. One conformance suite (`conformance.ts`) says what each method promises.
 */
export interface StorageBackend {
  /** Kind and root, for messages: `file:///`. */
  readonly name: string;

  /** @returns null when there is no such object (a folder is none) */
  stat(key: string): Promise<ObjectStat | null>;

  /** Whether a folder is there: a directory on disk, at least one object below it elsewhere. */
  hasFolder(prefix: string): Promise<boolean>;

  /**
   * Objects below a prefix in key order, page by page; memory stays bounded however many there are.
   * A prefix names a folder (`a/b` or `a/b/`, never half a name) or is empty.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectStat[]>;

  /**
   * Bytes `[start, end)` as blocks; `end` past the object's end stops there. A block belongs to the
   * caller, unless `reuseBuffer` is set.
   * @throws MR_OBJECT_NOT_FOUND, MR_OBJECT_CHANGED (see `ReadOptions.version`), MR_INPUT_UNREADABLE,
   * MR_STORAGE_UNAVAILABLE
   */
  read(key: string, range?: ByteRange, options?: ReadOptions): AsyncIterable<Buffer>;

  /** Starts writing; nothing is visible under `key` before `commit` returned. */
  write(key: string, options?: WriteOptions): Promise<ObjectWriter>;

  /** Writes only when the key is free. @returns whether it was */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>;

  /** Writes only when the object still has this version. @returns whether it had */
  replaceIfMatch(key: string, bytes: Uint8Array, version: string): Promise<boolean>;

  /** Removes one object; one that is not there is fine. */
  delete(key: string): Promise<void>;

  /**
   * Removes every object below a folder, what unfinished writers left there, and the folder itself
   * where the backend has such; one that is not there is fine. The prefix must not be empty.
   */
  deleteFolder(prefix: string): Promise<void>;

  /** Replaces what is there. @throws MR_OBJECT_NOT_FOUND */
  copy(fromKey: string, toKey: string): Promise<void>;

  /**
   * Renames, replacing what is there; atomic where the backend can, otherwise copy and delete.
   * @throws MR_OBJECT_NOT_FOUND
   */
  move(fromKey: string, toKey: string): Promise<void>;
}

export interface ObjectStat {
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes whenever the content may have changed (ETag; size, modification time, inode on disk). */
  readonly version: string;
  readonly modifiedAtMs: number;
}

export interface ByteRange {
  readonly startByte: number;
  /** Exclusive. */
  readonly endByte: number;
}

export interface ReadOptions {
  /** Largest block, in bytes; 1 MiB unless told. */
  readonly blockBytes?: number;
  /** A block is valid only until the next one is asked for, so that no memory is allocated for each. */
  readonly reuseBuffer?: boolean;
  /** Refuse with MR_OBJECT_CHANGED when the object has another version, before or after reading. */
  readonly version?: string;
}

export interface WriteOptions {
  /** Whether to hand each write on as it is instead of gathering small ones; for whoever has many writers open. */
  readonly isUnbuffered?: boolean;
}

export interface ListOptions {
  /** Folders (keys without a slash at the end) for which this says no are not walked. */
  readonly descend?: (folderKey: string) => boolean;
}

/** Commit or discard, exactly once; a writer that is dropped leaves nothing visible. */
export interface ObjectWriter {
  /** Bytes taken so far. */
  readonly sizeBytes: number;
  /** Takes the bytes before it resolves; the caller may reuse the buffer afterwards. */
  write(bytes: Uint8Array): Promise<void>;
  /** Durable and visible when it resolves; when it fails, nothing is left. */
  commit(): Promise<ObjectStat>;
  /** Harmless after a commit, so that it may stand in a `finally`. */
  discard(): Promise<void>;
}
