import type { JobKey } from "#shared/authoring/values";
import { fault } from "#shared/errors/fault";
import { encodeKey, keyKindOf, keyKinds, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeValue, encodeNumber, encodeValue, valueTags } from "#shared/format/value";
import { readWtf8 } from "#shared/format/wtf8";
import { limits } from "#shared/model/limits";
import { startComposite } from "#worker/runs/order-keys";
import { mixedKinds } from "#worker/runs/run-cursor";
import type { RunSummary } from "#worker/runs/run-writer";
import type { Emitter, MapMemory } from "./emitter.js";
import type { OrderBytes } from "./ordered-bytes.js";
import type { Partitioner } from "./partitioner.js";
import { SortBuffer } from "./sort-buffer.js";
import type { Spills } from "./spills.js";

/**
 * Sorts records by composite keys: by key, then by the order bytes of the value, then in order of
 * emission. The partition is that of the key alone.
 */
export class OrderedEmitter implements Emitter {
  recordCount = 0;
  readonly isFull = false;
  readonly #buffer: SortBuffer;
  readonly #plain = new Scratch(256);
  readonly #composite = new Scratch(256);
  readonly #value = new Scratch(256);
  #keyKind: KeyKind = keyKinds.none;

  constructor(
    readonly spills: Spills,
    readonly partitioner: Partitioner,
    readonly orderBytes: OrderBytes,
    memory: MapMemory,
  ) {
    this.#buffer = new SortBuffer(memory.arena, spills.partitionCount);
    if (orderBytes.holdsValue) encodeValue(this.#value, null);
  }

  emit(key: JobKey, value: unknown): void {
    const kind = keyKindOf(key);
    if (kind !== this.#keyKind) this.#setKind(kind);
    const plain = this.#plain;
    plain.length = 0;
    encodeKey(plain, key);
    if (!this.orderBytes.holdsValue) {
      this.#value.length = 0;
      encodeValue(this.#value, value);
    }
    this.#add(plain.bytes, 0, plain.length, value);
  }

  emitBytes(bytes: Buffer, keyStart: number, keyEnd: number, valueEnd: number): void {
    if (this.#keyKind !== keyKinds.bytes) this.#setKind(keyKinds.bytes);
    const encoded = this.#value;
    if (!this.orderBytes.holdsValue) {
      encoded.length = 0;
      encoded.reserve(1)[0] = valueTags.bytes;
      encoded.length = 1;
      encoded.append(bytes, keyEnd, valueEnd);
    }
    const { needsValue } = this.orderBytes;
    // A copy: a function of the user's may keep it.
    const value = needsValue ? new Uint8Array(bytes.subarray(keyEnd, valueEnd)) : null;
    this.#add(bytes, keyStart, keyEnd, value);
  }

  emitEncoded(
    kind: KeyKind,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number,
  ): void {
    if (kind !== this.#keyKind) this.#setKind(kind);
    if (!this.orderBytes.holdsValue) {
      this.#value.length = 0;
      this.#value.append(bytes, keyEnd, valueEnd);
    }
    const { needsValue } = this.orderBytes;
    const value = needsValue ? decodeValue(bytes, keyEnd, valueEnd) : null;
    this.#add(bytes, keyStart, keyEnd, value);
  }

  emitLine(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (this.#keyKind !== keyKinds.string) this.#setKind(keyKinds.string);
    const text = valueStart < 0 ? null : readWtf8(bytes, valueStart, valueEnd);
    if (!this.orderBytes.holdsValue) {
      this.#value.length = 0;
      encodeValue(this.#value, text);
    }
    this.#add(bytes, keyStart, keyEnd, text);
  }

  emitText(bytes: Buffer, start: number, end: number, value: number): void {
    if (this.#keyKind !== keyKinds.string) this.#setKind(keyKinds.string);
    if (!this.orderBytes.holdsValue) {
      this.#value.length = 0;
      encodeNumber(this.#value, value);
    }
    this.#add(bytes, start, end, value);
  }

  async drain(): Promise<void> {}

  finish(): RunSummary {
    return this.spills.finish(this.#buffer);
  }

  /** Adds the record of this encoded key; its encoded value is in `#value`. */
  #add(key: Buffer, keyStart: number, keyEnd: number, value: unknown): void {
    const composite = this.#composite;
    startComposite(composite, this.#keyKind, key, keyStart, keyEnd);
    this.orderBytes.append(composite, value);
    if (composite.length > limits.recordBytesMax) throw tooLarge(composite.length);
    const partition = this.partitioner.of(this.#keyKind, key, keyStart, keyEnd);
    const { bytes, length } = composite;
    const encoded = this.#value;
    const { arena } = this.#buffer;
    if (!arena.add(partition, bytes, 0, length, encoded.bytes, 0, encoded.length)) {
      this.spills.spill(this.#buffer);
      arena.add(partition, bytes, 0, length, encoded.bytes, 0, encoded.length);
    }
    this.recordCount++;
  }

  #setKind(kind: KeyKind): void {
    if (this.#keyKind !== keyKinds.none) throw mixedKinds(this.#keyKind, kind);
    this.#keyKind = kind;
    this.spills.keyKind = kind;
  }
}

function tooLarge(sizeBytes: number): Error {
  const maxBytes = limits.recordBytesMax;
  return fault(
    "MR_RECORD_TOO_LARGE",
    "emitted key and what its value is sorted by are too large together",
    { sizeBytes, maxBytes },
  );
}
