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

  /** Sorts the buffer, writes it to a spill and clears it. */
  spill(buffer: SortBuffer): void {
    const path = this.#nextPath();
    const summary = this.#writeBuffer(buffer, path);
    this.spilledBytes += summary.fileBytes;
    this.spilledRecords += summary.records;
    this.#spills.push({ path, segments: summary.segments });
    if (this.#spills.length >= mergeWidth) this.#mergeSpills(this.#nextPath());
  }

  /** Writes what is left and merges everything into `<folder>/run`, which appears complete or not at all. */
  finish(buffer: SortBuffer): RunSummary {
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
    const writer = this.#openWriter(path);
    buffer.sort();
    for (const sorted of buffer.partitions()) {
      writer.startPartition(sorted.partition);
      if (this.write === writeRecords) sorted.writeTo(writer);
      else this.write(sorted.stream, writer, this.keyKind);
    }
    buffer.clear();
    return writer.finish();
  }

  /** Merges all spills into one run at `path`, which becomes the only spill. */
  #mergeSpills(path: string): RunSummary {
    const writer = this.#openWriter(path);
    for (let partition = 0; partition < this.partitionCount; partition++) {
      const cursors = this.#spills
        .map((spill, index) => ({ spill, index, segment: spill.segments[partition] as Segment }))
        .filter(({ segment }) => segment.storedBytes > 0)
        .map(({ spill, index, segment }) => {
          return new RunCursor(new FileBlocks(spill.path, segment), index, spill.path);
        });
      const merger = new Merger(cursors);
      writer.startPartition(partition);
      if (cursors.length > 0) this.write(merger, writer, this.keyKind);
      merger.close();
    }
    const summary = writer.finish();
    for (const spill of this.#spills) unlinkSync(spill.path);
    this.#spills.splice(0, this.#spills.length, { path, segments: summary.segments });
    return summary;
  }

  #openWriter(path: string): RunWriter {
    const writer = new RunWriter(path, this.partitionCount, this.codec);
    writer.keyKind = this.keyKind;
    return writer;
  }
}
