import type { AggregateSpec } from "#shared/authoring/aggregates";
import type { AnyStep } from "#shared/authoring/any-job";
import type { ReduceContext, TaskContext } from "#shared/authoring/context";
import type { Cogroup, Join } from "#shared/authoring/joins";
import type { JobKey, JobValue } from "#shared/authoring/values";
import { encodeKey, keyKindOf, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeNumber, encodeNumber, encodeValue, valueTags } from "#shared/format/value";
import type { RecordPlace } from "#shared/model/result";
import { EmitGate } from "#worker/runs/emit-gate";
import type { EmitTo } from "#worker/runs/emit-to";
import { GroupReader } from "#worker/runs/groups";
import { makeAccumulator } from "#worker/runs/make-accumulator";
import type { Merger } from "#worker/runs/merge";
import { sourceNames, valueOrderOf } from "#worker/runs/order-values";
import { cogroupGroups } from "./cogroup.js";
import { DistinctCounter } from "./distinct.js";
import type { GroupWalk } from "./group-walk.js";
import { joinGroups } from "./join.js";
import type { RecordSink } from "./writers/part-writer.js";

export interface ReduceHooks {
  /** Bytes of values of one key that `cogroup` and `join` may hold at once. */
  readonly heldBytesMax: number;
  /** Before every group and every value handed out: the group's number, from 1. */
  onStep(group: number): void;
  /** Every thousand records or groups. */
  onProgress(recordsIn: number, recordsOut: number): void;
}

/** Reduces all groups in a way of its own; counts `recordsIn` and reports. */
export type ReduceAll = (run: ReduceRun, groups: GroupReader) => Promise<void>;

/** Groups or records between two reports of progress. */
const progressSteps = 1024;
const previewChars = 200;

/** One reduce attempt: groups the merged records, calls the user's function, writes the part. */
export class ReduceRun {
  recordsIn = 0;
  during: "setup" | "reduce" | "cleanup" = "setup";
  readonly #gate = new EmitGate();
  readonly #groups: GroupReader;
  readonly #context: ReduceContext<unknown>;
  readonly #key = new Scratch(256);
  readonly #value = new Scratch(256);

  constructor(
    readonly step: AnyStep,
    readonly records: Merger,
    readonly writer: RecordSink,
    base: TaskContext<unknown>,
    readonly hooks: ReduceHooks,
    emitTo: EmitTo,
    readonly reduceAll: ReduceAll | null = null,
  ) {
    const isOrdered = valueOrderOf(step) !== null;
    this.#groups = new GroupReader(records, isOrdered ? () => records.keyKind : null);
    this.#context = {
      ...base,
      emit: (key, value) => this.#emit(key, value),
      emitTo: (output, key, value) => this.#emitTo(emitTo, output, key, value),
    };
  }

  get groupCount(): number {
    return this.#groups.groupCount;
  }

  /** The group at hand, for an error message. */
  place(location: string): RecordPlace | null {
    if (this.during !== "reduce" || this.groupCount === 0 || this.reduceAll !== null) return null;
    const key = this.#groups.decodeKey(this.records.keyKind);
    const text = typeof key === "string" ? key : String(key);
    const preview = `key ${JSON.stringify(text.slice(0, previewChars))}`;
    return { location, offset: this.groupCount, preview };
  }

  async run(): Promise<void> {
    const { step } = this;
    const { reduce } = step;
    try {
      await step.setup?.(this.#context);
      this.during = "reduce";
      if (this.reduceAll !== null) await this.reduceAll(this, this.#groups);
      else if (typeof reduce === "function") await this.#callAll(reduce);
      else if (reduce?.kind === "join" || reduce?.kind === "cogroup")
        await this.#overInputs(reduce);
      else if (reduce?.kind === "aggregate") await this.#aggregate(reduce.spec);
      else if (this.#groups.kindOfComposite !== null) await this.#passOrdered();
      else await this.#passAll();
      this.during = "cleanup";
      await step.cleanup?.(this.#context);
    } finally {
      this.#gate.end();
    }
    this.#gate.throwFailure();
    this.report();
  }

  async #callAll(reduce: Extract<AnyStep["reduce"], (...args: never[]) => unknown>): Promise<void> {
    const groups = this.#groups;
    const { writer } = this;
    while (groups.nextGroup()) {
      this.hooks.onStep(groups.groupCount);
      const key = groups.decodeKey(this.records.keyKind);
      const values = this.#counted(groups.values() as Iterable<JobValue>);
      const pending = reduce(key, values, this.#context);
      if (pending !== undefined) await pending;
      this.#skipGroup();
      if (writer.isFull) await writer.drain();
      if (groups.groupCount % progressSteps === 0) this.report();
    }
  }

  /** Passes over the values that the function did not want. */
  #skipGroup(): void {
    while (this.#groups.nextValue()) {
      this.recordsIn++;
      if (this.recordsIn % progressSteps === 0) this.report();
    }
  }

  /** A group may hold all records of a job: its values count as progress, too. */
  #counted(values: Iterable<JobValue>): Iterable<JobValue> {
    const iterator = values[Symbol.iterator]();
    const counted = {
      [Symbol.iterator]: () => counted,
      next: () => {
        this.hooks.onStep(this.#groups.groupCount);
        const next = iterator.next();
        if (next.done !== true && ++this.recordsIn % progressSteps === 0) this.report();
        return next;
      },
    };
    return counted;
  }

  async #aggregate(spec: AggregateSpec): Promise<void> {
    if (spec.name === "distinct") return this.#distinct();
    const groups = this.#groups;
    const { writer } = this;
    const accumulator = makeAccumulator(spec);
    const value = this.#value;
    while (groups.nextGroup()) {
      accumulator.reset();
      while (groups.nextValue()) {
        this.recordsIn++;
        const { bytes, valueStart, valueEnd } = groups.record;
        accumulator.add(bytes, valueStart, valueEnd);
        if (this.recordsIn % progressSteps === 0) this.report();
      }
      value.length = 0;
      accumulator.encode(value, true);
      this.#write(this.records.keyKind, groups.key.bytes, 0, groups.key.length, value.length);
      if (writer.isFull) await writer.drain();
    }
  }

  async #overInputs(reduce: Cogroup | Join): Promise<void> {
    const { hooks, writer } = this;
    const groups = this.#groups;
    const walk: GroupWalk = {
      groups,
      context: this.#context,
      heldBytesMax: hooks.heldBytesMax,
      key: () => groups.decodeKey(this.records.keyKind),
      onCall: () => hooks.onStep(groups.groupCount),
      onValue: () => this.#countRecord(),
      settle: () => (writer.isFull ? writer.drain() : null),
    };
    const names = sourceNames(this.step);
    if (reduce.kind === "join") await joinGroups(reduce, walk, names[0] ?? "");
    else await cogroupGroups(reduce, walk, names);
  }

  async #distinct(): Promise<void> {
    const groups = this.#groups;
    const { writer } = this;
    const counter = new DistinctCounter();
    const value = this.#value;
    while (groups.nextGroup()) {
      const count = counter.count(groups, () => this.#countRecord());
      value.length = 0;
      encodeNumber(value, count);
      this.#write(this.records.keyKind, groups.key.bytes, 0, groups.key.length, value.length);
      if (writer.isFull) await writer.drain();
    }
  }

  #countRecord(): void {
    this.recordsIn++;
    if (this.recordsIn % progressSteps === 0) this.report();
  }

  /** Records as they are, in key order, where keys are composite. */
  async #passOrdered(): Promise<void> {
    const { records, writer } = this;
    const groups = this.#groups;
    const { key } = groups;
    while (groups.nextGroup()) {
      while (groups.nextValue()) {
        this.#countRecord();
        const { bytes, valueStart, valueEnd } = groups.record;
        writer.add(records.top.keyKind, key.bytes, 0, key.length, bytes, valueStart, valueEnd);
        if (writer.isFull) await writer.drain();
      }
    }
  }

  /** Records as they are, in key order. */
  async #passAll(): Promise<void> {
    const { records, writer } = this;
    while (records.next()) {
      this.recordsIn++;
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = records.record;
      const kind = records.top.keyKind;
      if (bytes[valueStart] === valueTags.partialCount) {
        // What a combiner counted leaves the job as the number that it stands for.
        this.#value.length = 0;
        encodeNumber(this.#value, decodeNumber(bytes, valueStart));
        this.#write(kind, bytes, keyStart, keyEnd, this.#value.length);
      } else {
        writer.add(kind, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd);
      }
      if (writer.isFull) await writer.drain();
      if (this.recordsIn % progressSteps === 0) this.report();
    }
  }

  #emit(key: JobKey, value: JobValue): void {
    this.#gate.check();
    const encodedKey = this.#key;
    const encodedValue = this.#value;
    encodedKey.length = 0;
    encodedValue.length = 0;
    const kind = keyKindOf(key);
    encodeKey(encodedKey, key);
    encodeValue(encodedValue, value);
    try {
      this.#write(kind, encodedKey.bytes, 0, encodedKey.length, encodedValue.length);
    } catch (error) {
      throw this.#gate.failed(error);
    }
  }

  #emitTo(emitTo: EmitTo, output: string, key: JobKey, value: JobValue): void {
    this.#gate.check();
    try {
      emitTo(output, key, value);
    } catch (error) {
      throw this.#gate.failed(error);
    }
  }

  #write(kind: KeyKind, key: Buffer, keyStart: number, keyEnd: number, valueBytes: number): void {
    this.writer.add(kind, key, keyStart, keyEnd, this.#value.bytes, 0, valueBytes);
  }

  report(): void {
    this.hooks.onProgress(this.recordsIn, this.writer.records);
  }
}
