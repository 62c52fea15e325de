import type { Program } from "#shared/authoring/programs";
import { fault } from "#shared/errors/fault";
import { keyKindNames, keyKinds } from "#shared/format/key";
import { SortEmitter, type MapMemory } from "#worker/map/emitter";
import type { Partitioner } from "#worker/map/partitioner";
import { SortArena } from "#worker/map/sort-arena";
import type { Spills } from "#worker/map/spills";
import type { RunSummary } from "#worker/runs/run-writer";
import { OutputLines } from "./output-lines.js";
import { startProgram, type ProgramSite } from "./program-site.js";
import { RecordLines } from "./record-lines.js";

/** Shares of the sort memory: what is emitted waits in one, what came out combined in the other. */
const waitingShare = 0.6;
const combinedShare = 0.25;

/**
 * Sorts records, and lets a program combine them before they are written: whenever the buffer is nearly
 * full it goes through the program, in key order, and what the program writes is sorted anew. A mapper
 * that emits more than the rest of the buffer in one call spills it without combining.
 */
export class CombiningEmitter extends SortEmitter {
  readonly #combined: SortEmitter;
  readonly #fullBytes: number;

  constructor(
    spills: Spills,
    partitioner: Partitioner,
    memory: MapMemory,
    readonly program: Program,
    readonly site: ProgramSite,
  ) {
    super(spills, partitioner, memory);
    const { budgetBytes } = memory.arena;
    this.#fullBytes = Math.floor(budgetBytes * waitingShare);
    const arena = new SortArena(Math.max(64 * 1024, Math.floor(budgetBytes * combinedShare)));
    this.#combined = new SortEmitter(spills, partitioner, { arena, tableBytes: 0 });
  }

  override get takesFixed(): boolean {
    return false;
  }

  override get isFull(): boolean {
    return this.buffer.arena.usedBytes >= this.#fullBytes;
  }

  override drain(): Promise<void> {
    return this.#combine();
  }

  /** Combines what is left and merges everything into the attempt's run. */
  async close(): Promise<RunSummary> {
    await this.#combine();
    return this.#combined.finish();
  }

  async #combine(): Promise<void> {
    const { buffer, program, keyKind } = this;
    if (buffer.count === 0) return;
    if (keyKind !== keyKinds.string) {
      const kind = keyKindNames[keyKind];
      throw fault(
        "MR_KEY_INVALID",
        `a program combines keys that are strings, but these are ${kind}`,
      );
    }
    buffer.sort();
    const lines = new OutputLines(program, this.#combined, { isWhole: false, lacksValue: false });
    const process = await startProgram(this.site, "combine", program, (chunk) => {
      lines.add(chunk);
      return null;
    });
    try {
      const block = new RecordLines(program.separator);
      for (const { stream } of buffer.partitions()) {
        while (!process.hasFailed && stream.next()) {
          const { bytes, keyStart, keyEnd, valueStart, valueEnd } = stream.record;
          block.add(keyKind, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd);
          if (!block.isFull) continue;
          await process.write(block.view());
          block.clear();
        }
      }
      await process.write(block.view());
      await process.finish();
      lines.end();
    } finally {
      process.kill();
    }
    buffer.clear();
  }
}
