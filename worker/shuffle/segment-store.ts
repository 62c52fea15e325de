import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { blockHeaderBytes, codecs, readBlockHeader } from "#shared/format/run-block";
import type { Segment } from "#shared/format/run-index";
import { FileBlocks, MemoryBlocks } from "#worker/runs/block-source";
import { Merger } from "#worker/runs/merge";
import { RunCursor } from "#worker/runs/run-cursor";
import { RunWriter } from "#worker/runs/run-writer";
import type { SegmentSink } from "./fetch-run.js";

interface MemorySegment {
  readonly bytes: Buffer;
  readonly origin: number;
  readonly label: string;
}

interface DiskSegment {
  readonly path: string;
  readonly segment: Pick<Segment, "offset" | "storedBytes">;
  readonly origin: number;
  readonly label: string;
  /** Files that this attempt wrote, as against runs that lie on this worker. */
  readonly isOwn: boolean;
  /** The open file of another worker, which may remove it at any time. */
  readonly file?: number;
}

/** Most files that a merge reads at once: bounds open files and the memory of their blocks. */
const filesMax = 64;

/** What a segment in memory costs beside its bytes: counts when there are many small ones. */
const segmentOverheadBytes = 1024;

/**
 * What a reduce attempt has collected: small segments in bounded memory, large ones in files.
 * When either grows too many, they are merged into one file, which keeps the origin of each record.
 * An error of a method leaves the store unusable: it may hold less than it was given.
 */
export class SegmentStore {
  records = 0;
  #memory: MemorySegment[] = [];
  #memoryBytes = 0;
  #reservedBytes = 0;
  #disk: DiskSegment[] = [];
  #number = 0;

  /** @param folder for fetched and merged segments; made with the first of them */
  constructor(
    readonly folder: string,
    readonly memoryBytesMax: number,
  ) {}

  /** Bytes of the segments in memory, of their opened blocks, and of those on their way there. */
  get memoryBytes(): number {
    return this.#memoryBytes + this.#reservedBytes;
  }

  /** A place for a segment that arrives; nothing of it counts before `keep`. */
  receive(origin: number, label: string): ReceivedSegment {
    return new ReceivedSegment(this, origin, label);
  }

  /**
   * Sets memory aside for a segment, merging what is there when that makes room.
   * @returns false when the segment belongs into a file; otherwise `addMemory` or `release` follows
   */
  reserve(sizeBytes: number): boolean {
    const costBytes = sizeBytes + segmentOverheadBytes;
    if (costBytes > this.memoryBytesMax / 4) return false;
    if (this.#isTight(costBytes) && this.#memoryBytes >= this.memoryBytesMax / 4) {
      this.#mergeMemory();
    }
    if (this.#isTight(costBytes)) return false;
    this.#reservedBytes += costBytes;
    return true;
  }

  release(sizeBytes: number): void {
    this.#reservedBytes -= sizeBytes + segmentOverheadBytes;
  }

  /** Takes a segment for which memory was reserved. */
  addMemory(bytes: Buffer, origin: number, label: string): void {
    this.release(bytes.length);
    const costBytes = bytes.length + segmentOverheadBytes + openedBytes(bytes);
    if (this.#isTight(costBytes) && this.#memory.length > 0) this.#mergeMemory();
    this.#memory.push({ bytes, origin, label });
    this.#memoryBytes += costBytes;
  }

  addDisk(segment: DiskSegment): void {
    this.#disk.push(segment);
    if (this.#disk.length > filesMax) this.#mergeDisk();
  }

  nextPath(): string {
    if (this.#number === 0) mkdirSync(this.folder, { recursive: true });
    return join(this.folder, `fetched-${this.#number++}`);
  }

  /** All segments as one stream; the caller closes it. */
  merge(): Merger {
    return new Merger([...openAll(this.#disk), ...this.#memory.map(memoryCursor)]);
  }

  #isTight(costBytes: number): boolean {
    return this.memoryBytes + costBytes > this.memoryBytesMax;
  }

  #mergeMemory(): void {
    this.#writeMerged(this.#memory.map(memoryCursor));
    this.#memory = [];
    this.#memoryBytes = 0;
    if (this.#disk.length > filesMax) this.#mergeDisk();
  }

  #mergeDisk(): void {
    const bySize = this.#disk.toSorted((a, b) => a.segment.storedBytes - b.segment.storedBytes);
    const smallest = bySize.slice(0, filesMax / 2);
    this.#disk = bySize.slice(filesMax / 2);
    this.#writeMerged(openAll(smallest));
    for (const segment of smallest) if (segment.isOwn) rmSync(segment.path, { force: true });
  }

  #writeMerged(cursors: readonly RunCursor[]): void {
    const merger = new Merger(cursors);
    try {
      const path = this.nextPath();
      const writer = new RunWriter(path, 1, "none", true);
      try {
        copyAll(merger, writer);
        const segment = writer.finish().segments[0];
        if (segment === undefined) return;
        this.#disk.push({ path, segment, origin: 0, label: "merged run", isOwn: true });
      } catch (error) {
        writer.discard();
        throw error;
      }
    } finally {
      merger.close();
    }
  }
}

/** One segment on its way: into memory when it fits, otherwise into a file. */
export class ReceivedSegment implements SegmentSink {
  #records = 0;
  #bytes: Buffer | null = null;
  #used = 0;
  #file: number | null = null;
  #path = "";

  constructor(
    readonly store: SegmentStore,
    readonly origin: number,
    readonly label: string,
  ) {}

  begin(sizeBytes: number, records: number): void {
    this.#records = records;
    if (this.store.reserve(sizeBytes)) {
      this.#bytes = Buffer.allocUnsafeSlow(sizeBytes);
    } else {
      this.#path = this.store.nextPath();
      this.#file = openSync(this.#path, "w");
    }
  }

  write(bytes: Buffer): void {
    if (this.#bytes !== null) {
      bytes.copy(this.#bytes, this.#used);
    } else if (this.#file !== null) {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    }
    this.#used += bytes.length;
  }

  keep(): void {
    const { origin, label } = this;
    this.store.records += this.#records;
    if (this.#bytes !== null) {
      const bytes = this.#bytes;
      this.#bytes = null;
      this.store.addMemory(bytes, origin, label);
    } else if (this.#file !== null) {
      closeSync(this.#file);
      this.#file = null;
      const segment = { offset: 0, storedBytes: this.#used };
      this.store.addDisk({ path: this.#path, segment, origin, label, isOwn: true });
    }
  }

  /** Gives back what `begin` took; harmless after `keep`. */
  discard(): void {
    if (this.#bytes !== null) this.store.release(this.#bytes.length);
    this.#bytes = null;
    if (this.#file === null) return;
    closeSync(this.#file);
    this.#file = null;
    rmSync(this.#path, { force: true });
  }
}

function copyAll(merger: Merger, writer: RunWriter): void {
  for (let isFirst = true; merger.next(); isFirst = false) {
    if (isFirst) writer.keyKind = merger.keyKind;
    const { bytes, view, recordStart, recordEnd, origin } = merger.record;
    writer.add(bytes, view, recordStart, recordEnd, origin);
  }
}

/** Most memory that reading the segment takes beside its own: its largest compressed block. */
function openedBytes(bytes: Buffer): number {
  let largest = 0;
  for (let at = 0; at + blockHeaderBytes <= bytes.length;) {
    const header = readBlockHeader(bytes, at);
    if (header.codec !== codecs.none) largest = Math.max(largest, header.rawBytes);
    at += blockHeaderBytes + header.storedBytes;
  }
  return largest;
}

function memoryCursor(segment: MemorySegment): RunCursor {
  return new RunCursor(new MemoryBlocks(segment.bytes), segment.origin, segment.label);
}

function openAll(segments: readonly DiskSegment[]): RunCursor[] {
  const cursors: RunCursor[] = [];
  try {
    for (const { path, segment, origin, label, file } of segments) {
      cursors.push(new RunCursor(new FileBlocks(path, segment, file), origin, label));
    }
    return cursors;
  } catch (error) {
    for (const cursor of cursors) cursor.close();
    throw error;
  }
}
