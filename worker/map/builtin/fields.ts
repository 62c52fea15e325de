import type { FieldsOptions } from "#shared/authoring/mappers";
import type { Emitter } from "../emitter.js";
import type { ByteMapper, ByteMapperTools } from "./byte-mapper.js";
import { readDecimal } from "./decimal.js";
import { JoinedKey } from "./joined-key.js";

const space = 32;
const tab = 9;

/** Fields of lines as keys and numbers; only as much of a line is looked at as they need. */
export class FieldMapper implements ByteMapper {
  readonly #separator: Buffer | null;
  readonly #keys: readonly number[];
  readonly #value: number;
  /** Fields that must be found: up to the last one that is asked for. */
  readonly #needed: number;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #key: JoinedKey;

  constructor(
    options: FieldsOptions,
    readonly emitter: Emitter,
    readonly tools: ByteMapperTools,
  ) {
    const { separator, key, value, joinWith } = options;
    this.#separator = separator === undefined ? null : Buffer.from(separator);
    this.#keys = typeof key === "number" ? [key] : key;
    this.#value = value ?? -1;
    this.#needed = Math.max(this.#value, ...this.#keys) + 1;
    this.#starts = new Int32Array(this.#needed);
    this.#ends = new Int32Array(this.#needed);
    this.#key = new JoinedKey(emitter, joinWith);
  }

  map(bytes: Buffer, start: number, end: number): number {
    const found = this.#find(bytes, start, end);
    const value = found ? this.#number(bytes) : Number.NaN;
    if (Number.isNaN(value)) {
      this.tools.count("fields.skipped", 1);
      return 1;
    }
    const keys = this.#keys;
    if (keys.length === 1) {
      const [at = 0] = keys;
      this.emitter.emitText(bytes, this.#starts[at] ?? 0, this.#ends[at] ?? 0, value);
      return 1;
    }
    const key = this.#key;
    key.clear();
    for (let index = 0; index < keys.length; index++) {
      if (index > 0) key.join();
      const at = keys[index] ?? 0;
      key.append(bytes, this.#starts[at] ?? 0, this.#ends[at] ?? 0);
    }
    key.emit(value);
    return 1;
  }

  #number(bytes: Buffer): number {
    const at = this.#value;
    return at < 0 ? 1 : readDecimal(bytes, this.#starts[at] ?? 0, this.#ends[at] ?? 0);
  }

  #find(bytes: Buffer, start: number, end: number): boolean {
    const separator = this.#separator;
    if (separator === null) return this.#findBlank(bytes, start, end);
    if (separator.length === 1) return this.#findByte(bytes, start, end, separator[0] ?? 0);
    return this.#findLong(bytes, start, end, separator);
  }

  #findBlank(bytes: Buffer, start: number, end: number): boolean {
    const starts = this.#starts;
    const ends = this.#ends;
    const needed = this.#needed;
    let at = start;
    for (let field = 0; field < needed; field++) {
      while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
      if (at >= end) return false;
      starts[field] = at;
      while (at < end && bytes[at] !== space && bytes[at] !== tab) at++;
      ends[field] = at;
    }
    return true;
  }

  #findByte(bytes: Buffer, start: number, end: number, separator: number): boolean {
    const starts = this.#starts;
    const ends = this.#ends;
    const needed = this.#needed;
    let at = start;
    for (let field = 0; field < needed; field++) {
      if (at > end) return false;
      starts[field] = at;
      while (at < end && bytes[at] !== separator) at++;
      ends[field] = at++;
    }
    return true;
  }

  #findLong(bytes: Buffer, start: number, end: number, separator: Buffer): boolean {
    const line = bytes.subarray(start, end);
    let at = 0;
    for (let field = 0; field < this.#needed; field++) {
      if (at > line.length) return false;
      const next = line.indexOf(separator, at);
      const fieldEnd = next < 0 ? line.length : next;
      this.#starts[field] = start + at;
      this.#ends[field] = start + fieldEnd;
      at = next < 0 ? line.length + 1 : next + separator.length;
    }
    return true;
  }
}
