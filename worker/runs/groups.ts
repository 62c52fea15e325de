import { decodeKey, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeValue } from "#shared/format/value";
import { hasKey, type RecordStream, type RecordView } from "./record-view.js";

/** Cuts a sorted stream into groups of equal keys. A group's values stream and can be walked once. */
export class GroupReader {
  /** The present group's key, encoded; `[0, length)`. */
  readonly key = new Scratch();
  /** Map task of the group's first record. */
  origin = 0;
  groupCount = 0;
  #hasRecord = false;
  #isFirst = false;
  #isEnded = true;

  constructor(readonly stream: RecordStream) {}

  /** Moves to the next group, past what was left of the present one; false at the end. */
  nextGroup(): boolean {
    while (this.nextValue()) {
      // The function that was given the group did not want the rest of it.
    }
    if (this.groupCount === 0) this.#hasRecord = this.stream.next();
    if (!this.#hasRecord) return false;
    const record = this.stream.record;
    this.key.length = 0;
    this.key.append(record.bytes, record.keyStart, record.keyEnd);
    this.origin = record.origin;
    this.groupCount++;
    this.#isFirst = true;
    this.#isEnded = false;
    return true;
  }

  /** Moves to the group's first or next value; false when the group has no more. */
  nextValue(): boolean {
    if (this.#isEnded) return false;
    if (this.#isFirst) {
      this.#isFirst = false;
      return true;
    }
    this.#hasRecord = this.stream.next();
    if (this.#hasRecord && hasKey(this.stream.record, this.key.bytes, this.key.length)) return true;
    this.#isEnded = true;
    return false;
  }

  get record(): RecordView {
    return this.stream.record;
  }

  decodeKey(kind: KeyKind): string | number | Uint8Array {
    return decodeKey(kind, this.key.bytes, 0, this.key.length);
  }

  /** The present group's values as JavaScript values, in order. */
  values(): Iterable<unknown> {
    return new GroupValues(this);
  }
}

class GroupValues implements Iterable<unknown>, Iterator<unknown> {
  readonly #group: GroupReader;
  readonly #number: number;

  constructor(group: GroupReader) {
    this.#group = group;
    this.#number = group.groupCount;
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this;
  }

  next(): IteratorResult<unknown> {
    const group = this.#group;
    // An iterator that was kept beyond its group must not eat the next group's values.
    if (group.groupCount !== this.#number || !group.nextValue()) {
      return { done: true, value: undefined };
    }
    const { bytes, valueStart, valueEnd } = group.record;
    return { done: false, value: decodeValue(bytes, valueStart, valueEnd) };
  }
}
