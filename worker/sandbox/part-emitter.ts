import type { JobKey } from "#shared/authoring/values";
import { encodeKey, keyKindOf, keyKinds, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { encodeNumber, encodeValue, valueTags } from "#shared/format/value";
import type { Emitter } from "#worker/map/emitter";
import type { RecordSink } from "#worker/reduce/writers/part-writer";

/** Writes what a map-only job emits straight to its part. */
export class PartEmitter implements Emitter {
  readonly #key = new Scratch(256);
  readonly #value = new Scratch(256);

  constructor(readonly writer: RecordSink) {}

  get recordCount(): number {
    return this.writer.records;
  }

  get isFull(): boolean {
    return this.writer.isFull;
  }

  emit(key: JobKey, value: unknown): void {
    const encodedKey = this.#key;
    const encodedValue = this.#value;
    encodedKey.length = 0;
    encodedValue.length = 0;
    const kind = keyKindOf(key);
    encodeKey(encodedKey, key);
    encodeValue(encodedValue, value);
    const { bytes, length } = encodedValue;
    this.writer.add(kind, encodedKey.bytes, 0, encodedKey.length, bytes, 0, length);
  }

  emitBytes(bytes: Buffer, keyStart: number, keyEnd: number, valueEnd: number): void {
    const value = this.#value;
    value.length = 0;
    value.reserve(1)[0] = valueTags.bytes;
    value.length = 1;
    value.append(bytes, keyEnd, valueEnd);
    this.writer.add(keyKinds.bytes, bytes, keyStart, keyEnd, value.bytes, 0, value.length);
  }

  emitEncoded(
    kind: KeyKind,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number,
  ): void {
    this.writer.add(kind, bytes, keyStart, keyEnd, bytes, keyEnd, valueEnd);
  }

  emitLine(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    const value = this.#value;
    value.length = 1;
    value.bytes[0] = valueStart < 0 ? valueTags.null : valueTags.string;
    if (valueStart >= 0) value.append(bytes, valueStart, valueEnd);
    this.writer.add(keyKinds.string, bytes, keyStart, keyEnd, value.bytes, 0, value.length);
  }

  emitText(bytes: Buffer, start: number, end: number, value: number): void {
    const encodedValue = this.#value;
    encodedValue.length = 0;
    encodeNumber(encodedValue, value);
    const { bytes: valueBytes, length } = encodedValue;
    this.writer.add(keyKinds.string, bytes, start, end, valueBytes, 0, length);
  }

  drain(): Promise<void> {
    return this.writer.drain();
  }
}
