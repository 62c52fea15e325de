import type { PartitionFolders } from "#shared/authoring/any-job";
import type { JobKey, JobValue } from "#shared/authoring/values";
import { fault } from "#shared/errors/fault";
import { decodeKey, encodeKey, keyKindOf, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeValue, encodeValue } from "#shared/format/value";
import { limits } from "#shared/model/limits";
import { folderName } from "./folder-name.js";
import type { PartWriter, RecordSink, WrittenPart } from "./part-writer.js";

/** Of all parts in folders together: beyond this they are drained. More would not make writes cheaper. */
const drainBytesMax = 8 * 1024 * 1024;
/** What a record costs a buffer beside its bytes: separators, quotes, digits. */
const recordBytes = 16;
/** Each part is synced to disk: some at a time, so that the waits overlap. */
const finishedAtATime = 16;

export interface ManyPartsOptions {
  /** Of the main output; null when `partitionBy` spreads it over folders. */
  readonly main: PartWriter | null;
  /** Folder of a record of the main output. */
  readonly partitionBy: ((key: JobKey, value: JobValue) => PartitionFolders) | null;
  /** Names that `emitTo` may be called with. */
  readonly outputs: readonly string[];
  /** Of the attempt: buffers of folders together take a small share, as those that grow leave garbage. */
  readonly memoryBytes: number;
  /**
   * Begins the part of a folder: of the named output, or of the main one in a folder of `partitionBy`.
   * Nothing is opened before the first drain.
   */
  readonly open: (folder: string, output: string | null) => PartWriter;
}

export interface FolderPart extends WrittenPart {
  /** Undefined: the part of the main output. */
  readonly folder: string | undefined;
}

/** The parts of an attempt that writes to named outputs or to folders of `partitionBy`. */
export class ManyParts implements RecordSink {
  records = 0;
  readonly #options: ManyPartsOptions;
  readonly #parts = new Map<string, PartWriter>();
  readonly #key = new Scratch(256);
  readonly #value = new Scratch(256);
  /** In buffers of folders, about. */
  #bufferedBytes = 0;
  #hasOverflow = false;
  readonly #drainBytes: number;

  constructor(options: ManyPartsOptions) {
    this.#options = options;
    this.#drainBytes = Math.min(drainBytesMax, Math.ceil(options.memoryBytes / 32));
  }

  get isFull(): boolean {
    if (this.#bufferedBytes >= this.#drainBytes || this.#hasOverflow) return true;
    return this.#options.main?.isFull ?? false;
  }

  add(
    keyKind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { main, partitionBy } = this.#options;
    let part = main;
    if (partitionBy !== null) {
      const key = decodeKey(keyKind, keyBytes, keyStart, keyEnd);
      const value = decodeValue(valueBytes, valueStart, valueEnd) as JobValue;
      part = this.#partOf(folderName(partitionBy(key, value)), null);
    }
    part?.add(keyKind, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd);
    this.records++;
    if (part !== main) this.#note(keyEnd - keyStart + valueEnd - valueStart);
  }

  /** @throws MR_OUTPUT_UNKNOWN, MR_KEY_INVALID, MR_VALUE_INVALID; then nothing is written */
  emitTo(output: string, key: JobKey, value: JobValue): void {
    if (!this.#options.outputs.includes(output)) throw this.#unknown(output);
    const encodedKey = this.#key;
    const encodedValue = this.#value;
    encodedKey.length = 0;
    encodedValue.length = 0;
    const kind = keyKindOf(key);
    encodeKey(encodedKey, key);
    encodeValue(encodedValue, value);
    const { bytes, length } = encodedValue;
    const part = this.#partOf(output, output);
    part.add(kind, encodedKey.bytes, 0, encodedKey.length, bytes, 0, length);
    this.#note(encodedKey.length + length);
    this.records++;
  }

  async drain(): Promise<void> {
    const { main } = this.#options;
    if (main?.isFull === true) await main.drain();
    if (this.#bufferedBytes < this.#drainBytes && !this.#hasOverflow) return;
    this.#bufferedBytes = 0;
    this.#hasOverflow = false;
    for (const part of this.#parts.values()) await part.drain();
  }

  /** All parts durable: that of the main output first, then by folder. */
  async finish(): Promise<FolderPart[]> {
    const { main } = this.#options;
    const byFolder = [...this.#parts].sort(([a], [b]) => (a < b ? -1 : 1));
    const all: [string | undefined, PartWriter][] =
      main === null ? byFolder : [[undefined, main], ...byFolder];
    const finished: FolderPart[] = [];
    for (let at = 0; at < all.length; at += finishedAtATime) {
      const some = all.slice(at, at + finishedAtATime);
      const written = await Promise.allSettled(some.map(([, part]) => part.finish()));
      for (const [index, each] of written.entries()) {
        if (each.status === "rejected") throw each.reason;
        finished.push({ ...each.value, folder: some[index]?.[0] });
      }
    }
    return finished;
  }

  /** Leaves nothing of what is not finished. */
  async discard(): Promise<void> {
    const { main } = this.#options;
    await Promise.allSettled([
      main?.discard(),
      ...[...this.#parts.values()].map((part) => part.discard()),
    ]);
  }

  #partOf(folder: string, output: string | null): PartWriter {
    const open = this.#parts.get(folder);
    if (open !== undefined) return open;
    if (this.#parts.size >= limits.foldersMax) {
      throw fault(
        "MR_FOLDERS_TOO_MANY",
        `one task writes to more than ${limits.foldersMax} folders; let partitionBy give fewer, or let ` +
          "partition send the keys of one folder to one reduce task",
        { folder },
      );
    }
    const part = this.#options.open(folder, output);
    this.#parts.set(folder, part);
    return part;
  }

  #note(bytes: number): void {
    this.#bufferedBytes += bytes + recordBytes;
    // One call of user code may emit without end before it can be awaited: then all go to disk.
    if (this.#bufferedBytes < 2 * this.#drainBytes) return;
    for (const part of this.#parts.values()) part.overflow();
    this.#bufferedBytes = 0;
    this.#hasOverflow = true;
  }

  #unknown(output: string): Error {
    const { outputs } = this.#options;
    const shown = JSON.stringify(output);
    const allowed = outputs.map((name) => JSON.stringify(name)).join(", ");
    return fault("MR_OUTPUT_UNKNOWN", `emitTo was called with ${shown}; allowed: ${allowed}`);
  }
}
