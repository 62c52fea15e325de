import { fault } from "#shared/errors/fault";
import { keyKindNames, keyKinds, type KeyKind } from "#shared/format/key";
import { VarintReader } from "#shared/format/varint";
import type { BlockSource } from "./block-source.js";
import { viewOf } from "./copy.js";
import { RecordView, type RecordStream } from "./record-view.js";

/** First bytes of a key that a number holds exactly: six of eight bits each. */
export const prefixBytes = 6;

/** Reads one sorted run record by record; at its end `prefix` is Infinity. */
export class RunCursor implements RecordStream {
  readonly record = new RecordView();
  /** The key's first six bytes as a number, zeros behind a shorter key. */
  prefix = Infinity;
  keyKind: KeyKind = keyKinds.none;
  recordsRead = 0;
  readonly #varints = new VarintReader();
  #hasOrigins = false;
  #at = 0;
  #end = 0;

  /**
   * @param origin map task of the records, where the run does not say it itself
   * @param label names the run in an error
   */
  constructor(
    readonly source: BlockSource,
    origin: number,
    readonly label: string,
  ) {
    this.record.origin = origin;
  }

  next(): boolean {
    if (this.#at >= this.#end && !this.#nextBlock()) {
      this.prefix = Infinity;
      return false;
    }
    const record = this.record;
    const bytes = record.bytes;
    let at = this.#at;
    if (this.#hasOrigins) {
      record.origin = this.#varints.read(bytes, at);
      at = this.#varints.at;
    }
    record.recordStart = at;
    let size = bytes[at] ?? 0;
    if (size < 0x80) {
      at++;
    } else {
      size = this.#varints.read(bytes, at);
      at = this.#varints.at;
    }
    record.keyStart = at;
    at += size;
    record.keyEnd = at;
    this.prefix = prefixOf(bytes, record.keyStart, at);
    size = bytes[at] ?? 0;
    if (size < 0x80) {
      at++;
    } else {
      size = this.#varints.read(bytes, at);
      at = this.#varints.at;
    }
    record.valueStart = at;
    at += size;
    record.valueEnd = at;
    record.recordEnd = at;
    this.#at = at;
    this.recordsRead++;
    return true;
  }

  close(): void {
    this.source.close();
  }

  #readBlock(): ReturnType<BlockSource["next"]> {
    try {
      return this.source.next();
    } catch (error) {
      throw fault("MR_RUN_CORRUPT", "run cannot be read", { run: this.label }, error);
    }
  }

  #nextBlock(): boolean {
    const block = this.#readBlock();
    if (block === null) return false;
    const { header, bytes } = block;
    if (this.keyKind !== keyKinds.none && header.keyKind !== this.keyKind) {
      throw mixedKinds(this.keyKind, header.keyKind);
    }
    this.keyKind = header.keyKind;
    this.#hasOrigins = header.hasOrigins;
    this.record.bytes = bytes;
    this.record.view = viewOf(bytes);
    this.#at = 0;
    this.#end = bytes.length;
    return this.#at < this.#end || this.#nextBlock();
  }
}

export function prefixOf(bytes: Buffer, start: number, end: number): number {
  if (end - start >= prefixBytes) {
    const high =
      ((bytes[start] ?? 0) << 16) | ((bytes[start + 1] ?? 0) << 8) | (bytes[start + 2] ?? 0);
    const low =
      ((bytes[start + 3] ?? 0) << 16) | ((bytes[start + 4] ?? 0) << 8) | (bytes[start + 5] ?? 0);
    return high * 0x100_0000 + low;
  }
  let prefix = 0;
  for (let at = start; at < start + prefixBytes; at++) {
    prefix = prefix * 256 + (at < end ? (bytes[at] ?? 0) : 0);
  }
  return prefix;
}

/** @returns MR_KEY_KINDS_MIXED */
export function mixedKinds(one: KeyKind, other: KeyKind): Error {
  const [first, second] = [keyKindNames[one], keyKindNames[other]];
  return fault(
    "MR_KEY_KINDS_MIXED",
    `keys of one job must be of one kind, but both ${first} and ${second} keys were emitted`,
  );
}
