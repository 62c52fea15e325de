import { recordsWasm } from "./records-wasm.js";
import { wasmEngine, wasmPageBytes, type WasmMemory } from "./wasm-engine.js";

/** The exports of `assembly/records.ts`. */
interface RecordsKernel {
  readonly blockUsed: { readonly value: number };
  addFixed(
    source: number,
    count: number,
    recordBytes: number,
    keyBytes: number,
    valueTag: number,
    arena: number,
    used: number,
    offsets: number,
    prefixes: number,
  ): number;
  gather(
    items: number,
    itemCount: number,
    arena: number,
    arenaUsed: number,
    offsets: number,
    recordCount: number,
    block: number,
    used: number,
    target: number,
    capacity: number,
  ): number;
}

let compiled: object | null = null;

/** A copy may write so many bytes behind its end. */
const slackBytes = 64;
/** Items that are handed to the kernel at once. */
const itemsMax = 16 * 1024;
/** Largest arena: places in it are 32-bit numbers, and memory has entries beside it. */
export const arenaBytesMax = 2 * 1024 ** 3;

/**
 * The memory of a sort arena, in which the kernel and JavaScript both move records:
 *
 *     source   a block of input
 *     items    the order in which records are to be written, some at a time
 *     block    a block of a run in the making, with its header
 *     entries  offset, prefix and partition of each record, 4 bytes each
 *     arena    records, one behind another
 *
 * Pages that nobody touched cost nothing. The arena lies last, so that it alone can grow.
 */
export class SortMemory {
  offsets: Uint32Array;
  prefixes: Uint32Array;
  partitions: Uint32Array;
  /** The arena. */
  bytes: Buffer;
  /** Where a block of a run is put together, room for its header included. */
  block: Buffer;
  readonly #memory: WasmMemory;
  readonly #kernel: RecordsKernel;
  readonly #itemsAt: number;
  readonly #blockAt: number;
  readonly #entriesAt: number;
  readonly #arenaAt: number;
  #source: Buffer;
  #items: Uint32Array;
  #arenaBytes: number;

  /**
   * @param sourceBytes of the largest block of input that `addFixed` is given
   * @param blockBytes of a block, with its header
   */
  constructor(
    arenaBytes: number,
    readonly entryCount: number,
    readonly sourceBytes: number,
    readonly blockBytes: number,
  ) {
    this.#itemsAt = aligned(sourceBytes + slackBytes);
    this.#blockAt = aligned(this.#itemsAt + itemsMax * 4);
    this.#entriesAt = aligned(this.#blockAt + blockBytes + slackBytes);
    this.#arenaAt = aligned(this.#entriesAt + entryCount * 12);
    this.#arenaBytes = arenaBytes;
    this.#memory = new wasmEngine.Memory({ initial: pagesOf(this.#arenaAt + arenaBytes) });
    compiled ??= new wasmEngine.Module(Buffer.from(recordsWasm, "base64"));
    const imports = { env: { memory: this.#memory } };
    this.#kernel = new wasmEngine.Instance(compiled, imports).exports as RecordsKernel;
    const { buffer } = this.#memory;
    this.#source = Buffer.from(buffer, 0, sourceBytes);
    this.#items = new Uint32Array(buffer, this.#itemsAt, itemsMax);
    this.block = Buffer.from(buffer, this.#blockAt, blockBytes);
    this.offsets = new Uint32Array(buffer, this.#entriesAt, entryCount);
    this.prefixes = new Uint32Array(buffer, this.#entriesAt + entryCount * 4, entryCount);
    this.partitions = new Uint32Array(buffer, this.#entriesAt + entryCount * 8, entryCount);
    this.bytes = Buffer.from(buffer, this.#arenaAt, arenaBytes);
  }

  /** Makes room for an arena of so many bytes, for a record that is larger than all of it. */
  growArena(arenaBytes: number): void {
    if (arenaBytes <= this.#arenaBytes) return;
    const more =
      pagesOf(this.#arenaAt + arenaBytes) - this.#memory.buffer.byteLength / wasmPageBytes;
    if (more > 0) this.#memory.grow(more);
    this.#arenaBytes = arenaBytes;
    this.#look();
  }

  /**
   * Appends `count` records of `recordBytes` at `from[start…]` to the arena, their entries from
   * `firstItem` on; the partitions are the caller's. There must be room for all.
   * @returns bytes of the arena in use
   */
  addFixed(
    from: Buffer,
    start: number,
    count: number,
    recordBytes: number,
    keyBytes: number,
    valueTag: number,
    used: number,
    firstItem: number,
  ): number {
    from.copy(this.#source, 0, start, start + count * recordBytes);
    const offsets = this.#entriesAt + firstItem * 4;
    return this.#kernel.addFixed(
      0,
      count,
      recordBytes,
      keyBytes,
      valueTag,
      this.#arenaAt,
      used,
      offsets,
      offsets + this.entryCount * 4,
    );
  }

  /**
   * Writes records in the order of `items` into blocks, and hands each full one over, the last one
   * however full it is.
   * @param onBlock takes the block by its bytes in use, header included, and its records
   * @param onLarge takes an item that is larger than a block
   */
  gather(
    items: Uint32Array,
    recordCount: number,
    arenaUsed: number,
    headerBytes: number,
    targetBytes: number,
    onBlock: (usedBytes: number, records: number) => void,
    onLarge: (item: number) => void,
  ): void {
    const kernel = this.#kernel;
    let used = headerBytes;
    let records = 0;
    const flush = (): void => {
      if (records > 0) onBlock(used, records);
      used = headerBytes;
      records = 0;
    };
    for (let from = 0; from < items.length;) {
      const some = items.subarray(from, from + itemsMax);
      this.#items.set(some);
      let done = 0;
      while (done < some.length) {
        const taken = kernel.gather(
          this.#itemsAt + done * 4,
          some.length - done,
          this.#arenaAt,
          arenaUsed,
          this.#entriesAt,
          recordCount,
          this.#blockAt,
          used,
          targetBytes,
          this.blockBytes,
        );
        used = kernel.blockUsed.value;
        records += taken;
        done += taken;
        if (done === some.length && used < targetBytes) break;
        if (taken === 0 && used === headerBytes) {
          onLarge(some[done] ?? 0);
          done++;
        } else {
          flush();
        }
      }
      from += some.length;
    }
    flush();
  }

  #look(): void {
    const { buffer } = this.#memory;
    const { entryCount } = this;
    this.#source = Buffer.from(buffer, 0, this.sourceBytes);
    this.#items = new Uint32Array(buffer, this.#itemsAt, itemsMax);
    this.block = Buffer.from(buffer, this.#blockAt, this.blockBytes);
    this.offsets = new Uint32Array(buffer, this.#entriesAt, entryCount);
    this.prefixes = new Uint32Array(buffer, this.#entriesAt + entryCount * 4, entryCount);
    this.partitions = new Uint32Array(buffer, this.#entriesAt + entryCount * 8, entryCount);
    this.bytes = Buffer.from(buffer, this.#arenaAt, this.#arenaBytes);
  }
}

function aligned(position: number): number {
  return Math.ceil(position / 64) * 64;
}

function pagesOf(bytes: number): number {
  return Math.ceil((bytes + slackBytes) / wasmPageBytes);
}
