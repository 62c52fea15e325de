/** A built-in mapper at work: takes records as bytes and emits. */
export interface ByteMapper {
  /**
   * Maps the record `bytes[start, end)`, or all lines in it where the mapper takes blocks of whole lines.
   * @returns how many records that were
   */
  map(bytes: Buffer, start: number, end: number): number;
}

/** What built-in mappers ask of where they run. */
export interface ByteMapperTools {
  /** Adds to a counter of the job. */
  count(this: void, name: string, amount: number): void;
}
