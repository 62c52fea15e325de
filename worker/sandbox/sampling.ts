import { encodeValue } from "#shared/format/value";
import { Scratch } from "#shared/format/scratch";
import type { Split } from "#shared/model/split";
import type { RecordSource } from "#worker/map/readers/record-source";
import { SampleEmitter } from "#worker/map/sample-emitter";
import type { RecordSink } from "#worker/reduce/writers/part-writer";

/**
 * A whole file of more than this was not cut because it cannot be: its beginning stands for all of it.
 */
const wholeBytesMax = 64 * 1024 * 1024;

/**
 * What samples the keys of a split. Of a file that could not be cut it ends `source` as soon as it has
 * seen enough of it.
 */
export function sampleOf(split: Split, source: RecordSource, keysMax: number): SampleEmitter {
  const isUncut = split.ranges.some(
    ({ startByte, endByte, fileBytes }) =>
      startByte === 0 && endByte === fileBytes && fileBytes > wholeBytesMax,
  );
  const emitter = new SampleEmitter(keysMax, isUncut);
  if (isUncut) {
    const advance = source.advance.bind(source);
    source.advance = async () => !emitter.hasEnough && advance();
  }
  return emitter;
}

/** Writes the sampled keys, each with null. */
export async function writeSample(sample: SampleEmitter, writer: RecordSink): Promise<void> {
  const value = new Scratch(1);
  encodeValue(value, null);
  for (const key of sample.keys) {
    writer.add(sample.keyKind, key, 0, key.length, value.bytes, 0, value.length);
    if (writer.isFull) await writer.drain();
  }
}
