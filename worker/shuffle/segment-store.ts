import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
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
}

/** Most files that a merge reads at once: bounds open files and the memory of their blocks. */
const filesMax = 64;

/**
 * What a reduce attempt has collected: small segments in bounded memory, large ones in files.
 * When either grows too many, they are merged into one file, which keeps the origin of each record.
 */
export class SegmentStore {
  records = 0;
  #memory: MemorySegment[] = [];
  #memoryBytes = 0;
  #disk: DiskSegment[] = [];
  #number = 0;

  constructor(
    readonly folder: string,
    readonly memoryBytesMax: number,
  ) {}

  /** A place for a segment that arrives; nothing of it counts before `keep`. */
  receive(origin: number, label: string): ReceivedSegment {
    return new ReceivedSegment(this, origin, label);
  }

  /** Whether a segment of this size belongs into memory. Makes room by merging what is there. */
  fitsMemory(sizeBytes: number): boolean {
    if (sizeBytes > this.memoryBytesMax / 4) return false;
    if (this.#memoryBytes + sizeBytes > this.memoryBytesMax) this.#mergeMemory();
    return true;
  }

  addMemory(bytes: Buffer, origin: number, label: string): void {
    this.#memory.push({ bytes, origin, label });
    this.#memoryBytes += bytes.length;
  }

  addDisk(segment: DiskSegment): void {
    this.#disk.push(segment);
    if (this.#disk.length > filesMax) this.#mergeDisk();
  }

  nextPath(): string {
    return join(this.folder, `fetched-${this.#number++}`);
  }

  /** All segments as one stream; the caller closes it. */
  merge(): Merger {
    const cursors = [...this.#disk.map(diskCursor), ...this.#memory.map(memoryCursor)];
    return new Merger(cursors);
  }

  #mergeMemory(): void {
    const merger = new Merger(this.#memory.map(memoryCursor));
    this.#memory = [];
    this.#memoryBytes = 0;
    this.#writeMerged(merger);
  }

  #mergeDisk(): void {
    const bySize = this.#disk.toSorted((a, b) => a.segment.storedBytes - b.segment.storedBytes);
    const smallest = bySize.slice(0, filesMax / 2);
    const merger = new Merger(smallest.map(diskCursor));
    this.#disk = bySize.slice(filesMax / 2);
    this.#writeMerged(merger);
    for (const segment of smallest) if (segment.isOwn) unlinkSync(segment.path);
  }

  #writeMerged(merger: Merger): void {
    const path = this.nextPath();
    const writer = new RunWriter(path, 1, "none", true);
    let isFirst = true;
    while (merger.next()) {
      if (isFirst) writer.keyKind = merger.keyKind;
      isFirst = false;
      const { bytes, view, recordStart, recordEnd, origin } = merger.record;
      writer.add(bytes, view, recordStart, recordEnd, origin);
    }
    merger.close();
    const segment = writer.finish().segments[0];
    if (segment === undefined || segment.storedBytes === 0) return;
    this.#disk.push({ path, segment, origin: 0, label: "merged run", isOwn: true });
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
    if (this.store.fitsMemory(sizeBytes)) {
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
    this.store.records += this.#records;
    if (this.#bytes !== null) {
      this.store.addMemory(this.#bytes, this.origin, this.label);
    } else if (this.#file !== null) {
      closeSync(this.#file);
      const segment = { offset: 0, storedBytes: this.#used };
      const { origin, label } = this;
      this.store.addDisk({ path: this.#path, segment, origin, label, isOwn: true });
    }
  }

  discard(): void {
    if (this.#file === null) return;
    closeSync(this.#file);
    unlinkSync(this.#path);
  }
}

function memoryCursor(segment: MemorySegment): RunCursor {
  return new RunCursor(new MemoryBlocks(segment.bytes), segment.origin, segment.label);
}

function diskCursor(disk: DiskSegment): RunCursor {
  return new RunCursor(new FileBlocks(disk.path, disk.segment), disk.origin, disk.label);
}
