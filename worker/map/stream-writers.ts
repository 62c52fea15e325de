import type { AggregateSpec } from "#shared/authoring/aggregates";
import type { CombineFunction } from "#shared/authoring/context";
import type { JobKey, JobValue } from "#shared/authoring/values";
import { fault } from "#shared/errors/fault";
import { encodeKey, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { encodeValue } from "#shared/format/value";
import { GroupReader } from "#worker/runs/groups";
import { makeAccumulator } from "#worker/runs/make-accumulator";
import type { RecordStream } from "#worker/runs/record-view";
import type { RunWriter } from "#worker/runs/run-writer";

/** Writes a sorted stream of one partition to a run, combined where the job combines. */
export type StreamWriter = (stream: RecordStream, writer: RunWriter, kind: KeyKind) => void;

/** Writes every record as it is. */
export const writeRecords: StreamWriter = (stream, writer) => {
  const record = stream;
  while (record.next()) {
    const { bytes, view, recordStart, recordEnd, origin } = stream.record;
    writer.add(bytes, view, recordStart, recordEnd, origin);
  }
};

/** Writes one record a group: the aggregate of its values, in a form that can be combined again. */
export function writeAggregates(spec: AggregateSpec): StreamWriter {
  const accumulator = makeAccumulator(spec);
  const value = new Scratch(32);
  return (stream, writer) => {
    const groups = new GroupReader(stream);
    while (groups.nextGroup()) {
      accumulator.reset();
      while (groups.nextValue()) {
        const { bytes, valueStart, valueEnd } = groups.record;
        accumulator.add(bytes, valueStart, valueEnd);
      }
      value.length = 0;
      accumulator.encode(value, false);
      writer.addParts(
        groups.key.bytes,
        groups.key.length,
        value.bytes,
        0,
        value.length,
        groups.origin,
      );
    }
  };
}

/** What a user's combiner is called with, beside `emit`. */
export interface CombinerCall<Context> {
  readonly combine: CombineFunction<JobKey, JobValue, unknown>;
  readonly makeContext: (emit: (key: JobKey, value: JobValue) => void) => Context;
  /** Told of every group, so that an error can name its key. */
  readonly onGroup: (groups: GroupReader, kind: KeyKind) => void;
  readonly onEnd: () => void;
}

/** Writes what the user's combiner emits for each group; it may emit only the key that it was given. */
export function writeCombined(
  call: CombinerCall<Parameters<CombineFunction<JobKey, JobValue, unknown>>[2]>,
): StreamWriter {
  const value = new Scratch(256);
  const key = new Scratch(256);
  let groups: GroupReader | null = null;
  let target: RunWriter | null = null;
  const context = call.makeContext((emitted, emittedValue) => {
    if (groups === null || target === null) {
      throw fault("MR_JOB_INVALID", "combine called emit after it had returned");
    }
    key.length = 0;
    encodeKey(key, emitted);
    const own = groups.key;
    if (
      Buffer.compare(key.bytes.subarray(0, key.length), own.bytes.subarray(0, own.length)) !== 0
    ) {
      throw fault("MR_KEY_INVALID", "combine emitted another key than the one it was given");
    }
    value.length = 0;
    encodeValue(value, emittedValue);
    target.addParts(own.bytes, own.length, value.bytes, 0, value.length, groups.origin);
  });
  return (stream, writer, kind) => {
    groups = new GroupReader(stream);
    target = writer;
    while (groups.nextGroup()) {
      call.onGroup(groups, kind);
      const ended: unknown = call.combine(
        groups.decodeKey(kind),
        groups.values() as Iterable<JobValue>,
        context,
      );
      if (ended instanceof Promise) {
        // What it may reject with says less than that it is there.
        ended.catch(() => undefined);
        throw fault("MR_JOB_INVALID", "combine returned a promise; a combiner must be synchronous");
      }
    }
    [groups, target] = [null, null];
    call.onEnd();
  };
}
