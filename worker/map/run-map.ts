import type { AnyMapper, AnySource, AnyStep } from "#shared/authoring/any-job";
import type { MapContext, TaskContext } from "#shared/authoring/context";
import type { JobKey, JobValue } from "#shared/authoring/values";
import type { RecordPlace } from "#shared/model/result";
import { EmitGate } from "#worker/runs/emit-gate";
import type { EmitTo } from "#worker/runs/emit-to";
import type { ByteMapper } from "./builtin/byte-mapper.js";
import { isBuiltin, makeByteMapper } from "./builtin/make-byte-mapper.js";
import { SortEmitter, type Emitter } from "./emitter.js";
import { FixedSource } from "./readers/fixed-source.js";
import type { RecordSource } from "./readers/record-source.js";
import { RecordsSource } from "./readers/records-source.js";
import { recordMaker } from "./record-values.js";

/** What an attempt tells whoever watches it. */
export interface MapHooks {
  /** Before every record: the byte offset at which it begins in its object. */
  onRecord(location: string, offset: number): void;
  /** After every block and every thousand records. */
  onProgress(fraction: number, recordsIn: number, recordsOut: number): void;
}

/** Maps the whole split in a way of its own; counts `recordsIn` and reports. */
export type MapAll = (run: MapRun) => Promise<void>;

type UserMap = Extract<AnyMapper, (...args: never[]) => unknown>;

/** Records between two reports of progress. */
const progressRecords = 1024;
const previewBytes = 200;

/** One map attempt: reads the split, calls the user's function, hands what it emits to the emitter. */
export class MapRun {
  recordsIn = 0;
  /** What runs, for an error message. */
  during: "setup" | "map" | "cleanup" = "setup";
  readonly gate = new EmitGate();
  readonly #context: MapContext<JobKey, JobValue, unknown>;

  constructor(
    readonly step: AnyStep,
    readonly input: AnySource,
    readonly source: RecordSource,
    readonly emitter: Emitter,
    base: TaskContext<unknown>,
    readonly hooks: MapHooks,
    emitTo: EmitTo,
    readonly mapAll: MapAll | null = null,
  ) {
    const { gate } = this;
    this.#context = {
      ...base,
      emit: (key, value) => {
        gate.check();
        try {
          emitter.emit(key, value);
        } catch (error) {
          throw gate.failed(error);
        }
      },
      emitTo: (output, key, value) => {
        gate.check();
        try {
          emitTo(output, key, value);
        } catch (error) {
          throw gate.failed(error);
        }
      },
      get source() {
        return { input: input.name, location: source.location, offset: source.offset };
      },
    };
  }

  /** The record at hand, for an error message. */
  get place(): RecordPlace | null {
    if (this.during !== "map" || this.recordsIn === 0 || this.mapAll !== null) return null;
    const { bytes, start, end, location, offset } = this.source;
    const preview = bytes.toString("utf8", start, Math.min(end, start + previewBytes));
    return { location, offset, preview: end - start > previewBytes ? `${preview}…` : preview };
  }

  async run(): Promise<void> {
    const { step } = this;
    try {
      await step.setup?.(this.#context);
      this.during = "map";
      await (this.mapAll === null ? this.#mapRecords() : this.mapAll(this));
      this.during = "cleanup";
      await step.cleanup?.(this.#context);
    } finally {
      this.gate.end();
    }
    this.gate.throwFailure();
    if (this.emitter.isFull) await this.emitter.drain();
    this.report();
  }

  async #mapRecords(): Promise<void> {
    const { source, input } = this;
    const { map } = input;
    if (isBuiltin(map)) {
      await this.#mapBytes(makeByteMapper(map, source, this.emitter, this.#context));
      return;
    }
    const makeRecord = recordMaker(input, source);
    while (await source.advance()) {
      if (typeof map === "function") await this.#mapBlock(map, makeRecord);
      else if (source instanceof RecordsSource) await this.#passRecords(source);
      else await this.#passBlock(keyBytesOf(input));
      this.report();
    }
  }

  async #mapBlock(map: UserMap, makeRecord: () => unknown): Promise<void> {
    const { emitter } = this;
    for (;;) {
      const pending = this.#mapSome(map, makeRecord);
      if (pending === null) return;
      await pending;
      if (emitter.isFull) await emitter.drain();
    }
  }

  /**
   * Maps records of the block for as long as nothing must be awaited. The loop is not itself
   * asynchronous: as one it took twice the time a line.
   * @returns what to await, or null at the block's end
   */
  #mapSome(map: UserMap, makeRecord: () => unknown): Promise<void> | null {
    const { source, emitter, hooks } = this;
    const context = this.#context;
    while (source.next()) {
      this.recordsIn++;
      hooks.onRecord(source.location, source.offset);
      const pending = map(makeRecord(), context);
      if (pending !== undefined) return pending;
      if (emitter.isFull) return emitter.drain();
      if (this.recordsIn % progressRecords === 0) this.report();
    }
    return null;
  }

  /** Records, or blocks of them, whose bytes a built-in mapper takes. */
  async #mapBytes(mapper: ByteMapper): Promise<void> {
    const { source, emitter, hooks } = this;
    while (await source.advance()) {
      while (source.next()) {
        hooks.onRecord(source.location, source.offset);
        this.recordsIn += mapper.map(source.bytes, source.start, source.end);
        if (emitter.isFull) await emitter.drain();
      }
      this.report();
    }
  }

  /** Records that are bytes and stay so. */
  async #passBlock(keyBytes: number): Promise<void> {
    const { source, emitter } = this;
    const { bytes } = source;
    if (source instanceof FixedSource && this.#takesFixed(emitter)) {
      const count = source.nextAll();
      const { start, end } = source;
      this.recordsIn += count;
      emitter.emitFixed(bytes, start, count, end - start, keyBytes);
      return;
    }
    while (source.next()) {
      this.recordsIn++;
      const { start, end } = source;
      emitter.emitBytes(bytes, start, start + keyBytes, end);
      if (emitter.isFull) await emitter.drain();
    }
  }

  /** With the user's function in between, the record at hand must be known. */
  #takesFixed(emitter: Emitter): emitter is SortEmitter {
    if (typeof this.step.partition === "function") return false;
    return emitter instanceof SortEmitter && emitter.takesFixed;
  }

  /** Records as they are encoded. */
  async #passRecords(source: RecordsSource): Promise<void> {
    const { emitter } = this;
    const { bytes, keyKind } = source;
    while (source.next()) {
      this.recordsIn++;
      emitter.emitEncoded(keyKind, bytes, source.keyStart, source.keyEnd, source.valueEnd);
      if (emitter.isFull) await emitter.drain();
    }
  }

  report(): void {
    this.hooks.onProgress(this.source.fraction(), this.recordsIn, this.emitter.recordCount);
  }
}

function keyBytesOf(source: AnySource): number {
  const { spec } = source.input;
  return spec.kind === "fixed" ? spec.keyBytes : 0;
}
