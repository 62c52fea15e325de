import type { JobKey } from "#shared/authoring/values";
import { encodeKey, keyKindOf, keyKinds, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { mixedKinds } from "#worker/runs/run-cursor";
import type { Emitter } from "./emitter.js";

/**
 * Bytes that are kept of a key. The beginning of a key sorts at or before it, so as the end of a range
 * it does as well; and a thousand keys of 64 MiB would not fit into memory.
 */
export const sampledBytesMax = 1024;

/** Emissions for each key to keep, after which the rest of a long split would hardly tell more. */
const enoughFactor = 64;

/**
 * Keeps a sample of the keys: of every emission until `keysMax` are kept, then of every second, fourth,
 * eighth … It is evenly spread over all emissions, the same for the same emissions, and once there
 * were `keysMax` it never has less than half as many.
 */
export class SampleEmitter implements Emitter {
  recordCount = 0;
  readonly isFull = false;
  /** Emissions between two keys that are kept; a power of two. */
  #stride = 1;
  /** Number of the next emission to keep. */
  #next = 0;
  #keys: Buffer[] = [];
  #keyKind: KeyKind = keyKinds.none;
  readonly #scratch = new Scratch(256);

  /** @param mayStop whether the attempt may end before the end of its split */
  constructor(
    readonly keysMax: number,
    readonly mayStop = false,
  ) {}

  /** The kept keys, encoded, in order of emission. */
  get keys(): readonly Buffer[] {
    return this.#keys;
  }

  get keyKind(): KeyKind {
    return this.#keyKind;
  }

  get hasEnough(): boolean {
    return this.mayStop && this.recordCount >= enoughFactor * this.keysMax;
  }

  emit(key: JobKey, _value: unknown): void {
    const kind = keyKindOf(key);
    if (kind !== this.#keyKind) this.#setKind(kind);
    if (this.recordCount++ < this.#next) return;
    const scratch = this.#scratch;
    scratch.length = 0;
    encodeKey(scratch, key);
    this.#keep(scratch.bytes, 0, scratch.length);
  }

  emitBytes(bytes: Buffer, keyStart: number, keyEnd: number): void {
    if (this.#keyKind !== keyKinds.bytes) this.#setKind(keyKinds.bytes);
    if (this.recordCount++ < this.#next) return;
    this.#keep(bytes, keyStart, keyEnd);
  }

  emitEncoded(kind: KeyKind, bytes: Buffer, keyStart: number, keyEnd: number): void {
    if (kind !== this.#keyKind) this.#setKind(kind);
    if (this.recordCount++ < this.#next) return;
    this.#keep(bytes, keyStart, keyEnd);
  }

  emitLine(bytes: Buffer, keyStart: number, keyEnd: number): void {
    this.emitText(bytes, keyStart, keyEnd);
  }

  emitText(bytes: Buffer, start: number, end: number): void {
    if (this.#keyKind !== keyKinds.string) this.#setKind(keyKinds.string);
    if (this.recordCount++ < this.#next) return;
    this.#keep(bytes, start, end);
  }

  async drain(): Promise<void> {}

  #keep(bytes: Buffer, start: number, end: number): void {
    if (this.#keys.length === this.keysMax) {
      this.#keys = this.#keys.filter((_key, index) => index % 2 === 0);
      this.#stride *= 2;
      // The emission at hand is kept only if it falls on the wider stride.
      if ((this.recordCount - 1) % this.#stride !== 0) {
        this.#next = this.#keys.length * this.#stride;
        return;
      }
    }
    this.#keys.push(Buffer.from(bytes.subarray(start, this.#cut(bytes, start, end))));
    this.#next += this.#stride;
  }

  /** Where the kept part of a key ends; never within a character. */
  #cut(bytes: Buffer, start: number, end: number): number {
    if (end - start <= sampledBytesMax) return end;
    let cut = start + sampledBytesMax;
    if (this.#keyKind !== keyKinds.string) return cut;
    for (let back = 0; back < 3 && ((bytes[cut] ?? 0) & 0xc0) === 0x80; back++) cut--;
    return cut;
  }

  #setKind(kind: KeyKind): void {
    if (this.#keyKind !== keyKinds.none) throw mixedKinds(this.#keyKind, kind);
    this.#keyKind = kind;
  }
}
