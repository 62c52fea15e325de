/**
 * Records of a split, one block at a time. `advance` loads a block; `next` walks the records in it
 * synchronously and makes no object: it sets `start`, `end` and `offset`.
 *
 *     while (await source.advance()) {
 *       const { bytes } = source;
 *       while (source.next()) use(bytes, source.start, source.end);
 *     }
 */
export interface RecordSource {
  /** Valid until the next `advance`, as are the bytes in it. */
  readonly bytes: Buffer;
  /** The present record is `bytes[start, end)`. */
  readonly start: number;
  readonly end: number;
  /** Object that the records of this block come from. */
  readonly location: string;
  /** Byte at which the present record begins in the (decompressed) object. */
  readonly offset: number;
  /** Bytes of the split read so far, compressed ones as they are; over all splits the input size. */
  readonly bytesRead: number;

  /**
   * Goes to the next block that may hold records. @returns false at the end of the split
   * @throws MR_INPUT_NOT_FOUND, MR_INPUT_CHANGED, MR_INPUT_UNREADABLE, MR_INPUT_CORRUPT,
   * MR_RECORD_TOO_LARGE
   */
  advance(): Promise<boolean>;
  /** Goes to the next record of the block. @returns false when the block is used up */
  next(): boolean;
  /** Share of the split that is done, 0 to 1. */
  fraction(): number;
  /** Frees what is open; needed when the end was not reached. */
  close(): Promise<void>;
}

/** Settings that all readers share. */
export interface ReadSettings {
  readonly blockBytes: number;
  readonly recordBytesMax: number;
}
