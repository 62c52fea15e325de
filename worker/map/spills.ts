import { renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { keyKinds, type KeyKind } from "#shared/format/key";
import type { CodecName } from "#shared/format/run-block";
import type { Segment } from "#shared/format/run-index";
import { FileBlocks } from "#worker/runs/block-source";
import { Merger } from "#worker/runs/merge";
import { RunCursor } from "#worker/runs/run-cursor";
import { RunWriter, type RunSummary } from "#worker/runs/run-writer";
import { writeRecords, type StreamWriter } from "./stream-writers.js";
import type { SortBuffer } from "./sort-buffer.js";

/** Most runs that are merged at once: bounds open files and the memory of their blocks. */
export const mergeWidth = 64;

interface Spill {
  readonly path: string;
  readonly segments: readonly Segment[];
}

/** Turns full sort buffers into spilled runs, and all of them into the attempt's one run file. */
export class Spills {
  spilledBytes = 0;
  spilledRecords = 0;
  readonly #spills: Spill[] = [];
  #number = 0;
  #failure: { readonly error: unknown } | null = null;
  keyKind: KeyKind = keyKinds.none;

  constructor(
    readonly folder: string,
    readonly partitionCount: number,
    readonly codec: CodecName,
    public write: StreamWriter,
  ) {}

  get count(): number {
    return this.#number;
  }

  /**
   * Sorts the buffer, writes it to a spill and clears it. What it throws it throws ever after: it runs
   * inside of the user's calls of `emit`, who may catch what must not be lost.
   */
  spill(buffer: SortBuffer): void {
    this.#throwFailure();
    try {
      this.#spill(buffer);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #spill(buffer: SortBuffer): void {
    const path = this.#nextPath();
    const summary = this.#writeBuffer(buffer, path);
    this.spilledBytes += summary.fileBytes;
    this.spilledRecords += summary.records;
    this.#spills.push({ path, segments: summary.segments });
    if (this.#spills.length >= mergeWidth) this.#mergeSpills(this.#nextPath());
  }

  /** Writes what is left and merges everything into `<folder>/run`, which appears complete or not at all. */
  finish(buffer: SortBuffer): RunSummary {
    this.#throwFailure();
    const path = join(this.folder, "run.tmp");
    let summary: RunSummary;
    if (this.#spills.length === 0) {
      summary = this.#writeBuffer(buffer, path);
    } else {
      if (buffer.count > 0) this.spill(buffer);
      summary = this.#mergeSpills(path);
    }
    renameSync(path, join(this.folder, "run"));
    return summary;
  }

  #nextPath(): string {
    return join(this.folder, `spill-${this.#number++}`);
  }

  #writeBuffer(buffer: SortBuffer, path: string): RunSummary {
    buffer.sort();
    const summary = this.#writeRun(path, (writer) => {
      for (const sorted of buffer.partitions()) {
        writer.startPartition(sorted.partition);
        if (this.write === writeRecords) sorted.writeTo(writer);
        else this.write(sorted.stream, writer, this.keyKind);
      }
    });
    buffer.clear();
    return summary;
  }

  /** Merges all spills into one run at `path`, which becomes the only spill. */
  #mergeSpills(path: string): RunSummary {
    const summary = this.#writeRun(path, (writer) => {
      for (let partition = 0; partition < this.partitionCount; partition++) {
        this.#mergePartition(partition, writer);
      }
    });
    for (const spill of this.#spills) unlinkSync(spill.path);
    this.#spills.splice(0, this.#spills.length, { path, segments: summary.segments });
    return summary;
  }

  #mergePartition(partition: number, writer: RunWriter): void {
    const cursors: RunCursor[] = [];
    try {
      for (const [index, { path, segments }] of this.#spills.entries()) {
        const segment = segments[partition];
        if (segment === undefined || segment.storedBytes === 0) continue;
        cursors.push(new RunCursor(new FileBlocks(path, segment), index, path));
      }
      writer.startPartition(partition);
      if (cursors.length > 0) this.write(new Merger(cursors), writer, this.keyKind);
    } finally {
      for (const cursor of cursors) cursor.close();
    }
  }

  #writeRun(path: string, fill: (writer: RunWriter) => void): RunSummary {
    const writer = new RunWriter(path, this.partitionCount, this.codec);
    writer.keyKind = this.keyKind;
    try {
      fill(writer);
      return writer.finish();
    } catch (error) {
      writer.discard();
      throw error;
    }
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
