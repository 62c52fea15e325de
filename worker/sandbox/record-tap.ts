import type { JobKey, JobValue } from "#shared/authoring/values";
import { decodeKey, encodeKey, keyKindOf, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeValue, encodeValue } from "#shared/format/value";
import type { RecordSink } from "#worker/reduce/writers/part-writer";
import type { OpenOutput } from "./part.js";

/** Is told of every record that an attempt writes, as the next step would read it. */
export type RecordTap = (
  /** Name of a named output; null: the main one. */
  output: string | null,
  key: JobKey,
  value: JobValue,
) => void;

/** An attempt's output whose records the tap is told of. */
export function tapped(output: OpenOutput, tap: RecordTap): OpenOutput {
  const [key, value] = [new Scratch(64), new Scratch(64)];
  return {
    writer: new TappedSink(output.writer, tap),
    emitTo(name, givenKey, givenValue) {
      output.emitTo(name, givenKey, givenValue);
      key.length = 0;
      value.length = 0;
      encodeKey(key, givenKey);
      encodeValue(value, givenValue);
      const written = decodeValue(value.bytes, 0, value.length) as JobValue;
      tap(name, decodeKey(keyKindOf(givenKey), key.bytes, 0, key.length), written);
    },
    finish: () => output.finish(),
    discard: () => output.discard(),
  };
}

class TappedSink implements RecordSink {
  constructor(
    readonly inner: RecordSink,
    readonly tap: RecordTap,
  ) {}

  get records(): number {
    return this.inner.records;
  }

  get isFull(): boolean {
    return this.inner.isFull;
  }

  add(
    kind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.inner.add(kind, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd);
    const value = decodeValue(valueBytes, valueStart, valueEnd) as JobValue;
    this.tap(null, decodeKey(kind, keyBytes, keyStart, keyEnd), value);
  }

  drain(): Promise<void> {
    return this.inner.drain();
  }
}
