import { decodeKey, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeValue } from "#shared/format/value";
import { prefixEnd, readPlainKey } from "./order-keys.js";
import { hasKey, startsWith, type RecordStream, type RecordView } from "./record-view.js";

/** Cuts a sorted stream into groups of equal keys. A group's values stream and can be walked once. */
export class GroupReader {
  /** The present group's key, encoded; `[0, length)`. Never composite. */
  readonly key = new Scratch();
  /** Map task of the group's first record. */
  origin = 0;
  groupCount = 0;
  #hasRecord = false;
  #isFirst = false;
  #isEnded = true;
  /** Of composite keys: what all records of the group begin with. */
  readonly #prefix = new Scratch(16);

  /** @param kindOfComposite where keys are composite (see `order-keys.ts`), what kind they are of */
  constructor(
    readonly stream: RecordStream,
    readonly kindOfComposite: (() => KeyKind) | null = null,
  ) {}

  /** Moves to the next group, past what was left of the present one; false at the end. */
  nextGroup(): boolean {
    while (this.nextValue()) {
      // The function that was given the group did not want the rest of it.
    }
    if (this.groupCount === 0) this.#hasRecord = this.stream.next();
    if (!this.#hasRecord) return false;
    const record = this.stream.record;
    if (this.kindOfComposite === null) {
      this.key.length = 0;
      this.key.append(record.bytes, record.keyStart, record.keyEnd);
    } else {
      this.#takeComposite(record, this.kindOfComposite());
    }
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
    if (this.#hasRecord && this.#isSameGroup(this.stream.record)) return true;
    this.#isEnded = true;
    return false;
  }

  #isSameGroup(record: RecordView): boolean {
    return this.kindOfComposite === null
      ? hasKey(record, this.key.bytes, this.key.length)
      : startsWith(record, this.#prefix.bytes, this.#prefix.length);
  }

  #takeComposite({ bytes, keyStart, keyEnd }: RecordView, kind: KeyKind): void {
    const end = prefixEnd(kind, bytes, keyStart, keyEnd);
    this.#prefix.length = 0;
    this.#prefix.append(bytes, keyStart, end);
    readPlainKey(this.key, kind, bytes, keyStart, end);
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
