/** Turns compressed bytes into what they stand for, a piece at a time. */
export interface Decoder {
  /** Bytes taken by what was decoded so far. */
  readonly consumedBytes: number;
  /** Adds compressed bytes, which stay as they are; `read` must have given null before. */
  push(bytes: Buffer): void;
  /** No more bytes will come. */
  finish(): void;
  /**
   * The next piece; the caller keeps it.
   * @returns null when more bytes are needed, and at the end
   * @throws an Error when bytes are corrupt or missing
   */
  read(): Buffer | null;
}
