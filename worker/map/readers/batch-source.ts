import { readWtf8 } from "#shared/format/wtf8";
import type { RecordSource } from "./record-source.js";

/** Records of another source, many at a time as text: up to so many that lie in one block of one file. */
export class BatchSource implements RecordSource {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  location = "";
  /** Of the first record. */
  offset = 0;
  /** The present record; a new array each time. */
  batch: string[] = [];
  readonly #source: RecordSource;
  readonly #countMax: number;

  constructor(source: RecordSource, countMax: number) {
    this.#source = source;
    this.#countMax = countMax;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  next(): boolean {
    const source = this.#source;
    if (!source.next()) return false;
    const { bytes } = this;
    const batch = [readWtf8(bytes, source.start, source.end)];
    this.start = source.start;
    this.offset = source.offset;
    while (batch.length < this.#countMax && source.next()) {
      batch.push(readWtf8(bytes, source.start, source.end));
    }
    this.end = source.end;
    this.batch = batch;
    return true;
  }

  async advance(): Promise<boolean> {
    const isMore = await this.#source.advance();
    this.bytes = this.#source.bytes;
    this.location = this.#source.location;
    return isMore;
  }

  fraction(): number {
    return this.#source.fraction();
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
