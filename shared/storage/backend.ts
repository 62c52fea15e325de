/**
 * What Millrace needs of a place that keeps objects. Keys use `/`, have no leading slash, and are
 * unique within a backend. One conformance suite (`conformance.ts`) says what each method promises.
 */
export interface StorageBackend {
  /** Kind and root, for messages: `file:///`. */
  readonly name: string;

  /** @returns null when there is no such object (a folder is none) */
  stat(key: string): Promise<ObjectStat | null>;

  /**
   * Objects below a prefix in key order, page by page; memory stays bounded however many there are.
   * A prefix names a folder (`a/b` or `a/b/`, never half a name) or is empty.
   */
  list(prefix: string): AsyncIterable<ObjectStat[]>;

  /**
   * Bytes `[start, end)` as blocks; `end` past the object's end stops there.
   * @throws MR_OBJECT_NOT_FOUND, MR_STORAGE_UNAVAILABLE
   */
  read(key: string, range?: ByteRange): AsyncIterable<Buffer>;

  /** Starts writing; nothing is visible under `key` before `commit` returned. */
  write(key: string): Promise<ObjectWriter>;

  /** Writes only when the key is free. @returns whether it was */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>;

  /** Writes only when the object still has this version. @returns whether it had */
  replaceIfMatch(key: string, bytes: Uint8Array, version: string): Promise<boolean>;

  /** Removes one object; one that is not there is fine. */
  delete(key: string): Promise<void>;

  copy(fromKey: string, toKey: string): Promise<void>;

  /** Renames, replacing what is there; atomic where the backend can, otherwise copy and delete. */
  move(fromKey: string, toKey: string): Promise<void>;
}

export interface ObjectStat {
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes whenever the content may have changed (ETag; size and modification time on disk). */
  readonly version: string;
  readonly modifiedAtMs: number;
}

export interface ByteRange {
  readonly startByte: number;
  /** Exclusive. */
  readonly endByte: number;
}

/** Commit or discard, exactly once; a writer that is dropped leaves nothing visible. */
export interface ObjectWriter {
  /** Takes the bytes before it resolves; the caller may reuse the buffer afterwards. */
  write(bytes: Uint8Array): Promise<void>;
  /** Durable and visible when it resolves. */
  commit(): Promise<ObjectStat>;
  discard(): Promise<void>;
}
