import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { fault } from "#shared/errors/fault";
import { keyKinds, type KeyKind } from "#shared/format/key";
import {
  blockHeaderBytes,
  blockTargetBytes,
  sealBlock,
  type CodecName,
} from "#shared/format/run-block";
import { encodeIndex, type Segment } from "#shared/format/run-index";
import { varintBytesMax, writeVarint } from "#shared/format/varint";
import { limits } from "#shared/model/limits";
import { copyBytes, copyShort, viewOf } from "./copy.js";

export interface RunSummary {
  readonly segments: readonly Segment[];
  readonly fileBytes: number;
  readonly records: number;
}

/** Room for the largest key, the largest value and what stands before them. */
const recordRoomMax = 2 * limits.recordBytesMax + 4 * varintBytesMax;

/**
 * Writes a run file: partitions in ascending order, the records of each in key order. Writes are
 * synchronous, as they happen in a slot's own thread; nothing is fsynced, for a run can be made again.
 */
export class RunWriter {
  readonly #file: number;
  readonly #segments: Segment[];
  #block = Buffer.allocUnsafeSlow(blockHeaderBytes + blockTargetBytes * 2);
  #view = viewOf(this.#block);
  #used = blockHeaderBytes;
  #fileBytes = 0;
  #partition = 0;
  #segmentOffset = 0;
  #segmentRaw = 0;
  #segmentRecords = 0;
  #records = 0;
  #keyKind: KeyKind = keyKinds.none;

  constructor(
    readonly path: string,
    readonly partitionCount: number,
    readonly codec: CodecName,
    readonly hasOrigins = false,
  ) {
    this.#file = openSync(path, "w");
    this.#segments = [];
  }

  /** Kind of the keys; to be set before the first record. */
  set keyKind(kind: KeyKind) {
    this.#keyKind = kind;
  }

  /** Records that follow belong to this partition, which must not be below the last one. */
  startPartition(partition: number): void {
    while (this.#partition < partition) this.#endPartition();
  }

  /** Appends a record in its stored form: `varint keyBytes, key, varint valueBytes, value`. */
  add(bytes: Buffer, view: DataView, start: number, end: number, origin: number): void {
    const size = end - start + (this.hasOrigins ? varintBytesMax : 0);
    if (this.#used + size > this.#block.length) this.#makeRoom(size);
    let at = this.#used;
    if (this.hasOrigins) at = writeVarint(this.#block, at, origin);
    this.#used = copyBytes(bytes, view, start, end, this.#block, this.#view, at);
    this.#segmentRecords++;
    if (this.#used >= blockTargetBytes) this.#flushBlock();
  }

  /** Appends a record from its parts. */
  addParts(
    key: Buffer,
    keyBytes: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    origin: number,
  ): void {
    const valueBytes = valueEnd - valueStart;
    const size = keyBytes + valueBytes + 3 * varintBytesMax;
    if (this.#used + size > this.#block.length) this.#makeRoom(size);
    const block = this.#block;
    let at = this.#used;
    if (this.hasOrigins) at = writeVarint(block, at, origin);
    at = writeVarint(block, at, keyBytes);
    at = copyShort(key, 0, keyBytes, block, at);
    at = writeVarint(block, at, valueBytes);
    this.#used = copyShort(value, valueStart, valueEnd, block, at);
    this.#segmentRecords++;
    if (this.#used >= blockTargetBytes) this.#flushBlock();
  }

  /**
   * Appends a block of records, in their stored form and without origins.
   * @param block room for the header, then `rawBytes` of records
   */
  addBlock(block: Buffer, rawBytes: number, records: number): void {
    this.#flushBlock();
    this.#writeBlock(block, rawBytes);
    this.#segmentRecords += records;
  }

  finish(): RunSummary {
    while (this.#partition < this.partitionCount) this.#endPartition();
    this.#write(encodeIndex(this.#segments, this.#fileBytes));
    closeSync(this.#file);
    return { segments: this.#segments, fileBytes: this.#fileBytes, records: this.#records };
  }

  /** Leaves nothing of a run that cannot be finished. */
  discard(): void {
    try {
      closeSync(this.#file);
    } catch {
      // It was closing that failed: there is nothing left to close.
    }
    rmSync(this.path, { force: true });
  }

  #endPartition(): void {
    this.#flushBlock();
    this.#segments.push({
      offset: this.#segmentOffset,
      storedBytes: this.#fileBytes - this.#segmentOffset,
      rawBytes: this.#segmentRaw,
      records: this.#segmentRecords,
    });
    this.#records += this.#segmentRecords;
    this.#partition++;
    this.#segmentOffset = this.#fileBytes;
    this.#segmentRaw = 0;
    this.#segmentRecords = 0;
  }

  #makeRoom(size: number): void {
    if (size > recordRoomMax) throw tooLarge(size);
    this.#flushBlock();
    if (this.#used + size <= this.#block.length) return;
    this.#block = Buffer.allocUnsafeSlow(this.#used + size);
    this.#view = viewOf(this.#block);
  }

  #flushBlock(): void {
    const rawBytes = this.#used - blockHeaderBytes;
    if (rawBytes === 0) return;
    this.#writeBlock(this.#block, rawBytes);
    this.#used = blockHeaderBytes;
  }

  #writeBlock(block: Buffer, rawBytes: number): void {
    const { codec, hasOrigins } = this;
    this.#write(sealBlock(block, rawBytes, { codec, keyKind: this.#keyKind, hasOrigins }));
    this.#segmentRaw += rawBytes;
  }

  #write(bytes: Buffer): void {
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(this.#file, bytes, written, bytes.length - written);
    }
    this.#fileBytes += bytes.length;
  }
}

function tooLarge(sizeBytes: number): Error {
  const allowedBytes = limits.recordBytesMax;
  return fault("MR_RECORD_TOO_LARGE", "emitted key or value is too large", {
    sizeBytes,
    allowedBytes,
  });
}
