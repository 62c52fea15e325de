import type { RegexOptions } from "#shared/authoring/mappers";
import { readWtf8 } from "#shared/format/wtf8";
import type { Emitter } from "../emitter.js";
import type { ByteMapper, ByteMapperTools } from "./byte-mapper.js";
import { decimalOf } from "./decimal.js";

/** Matches of a pattern in lines. A line becomes a string, as patterns work on strings; its matches do not. */
export class RegexMapper implements ByteMapper {
  readonly #pattern: RegExp;
  readonly #isGlobal: boolean;
  readonly #knowsChars: boolean;
  readonly #keys: readonly number[];
  readonly #value: number;
  readonly #joinWith: string;

  constructor(
    { source, flags, key, value, joinWith = " " }: RegexOptions,
    readonly emitter: Emitter,
    readonly tools: ByteMapperTools,
  ) {
    this.#isGlobal = flags.includes("g");
    this.#knowsChars = /[uv]/.test(flags);
    this.#pattern = new RegExp(source, flags);
    this.#keys = typeof key === "number" ? [key] : key;
    this.#value = value ?? -1;
    this.#joinWith = joinWith;
  }

  map(bytes: Buffer, start: number, end: number): number {
    const line = readWtf8(bytes, start, end);
    const pattern = this.#pattern;
    pattern.lastIndex = 0;
    let found = pattern.exec(line);
    if (found === null) this.tools.count("regex.skipped", 1);
    while (found !== null) {
      this.#emit(found);
      if (!this.#isGlobal) break;
      // A match of nothing would be found again for ever.
      if (found[0] === "") pattern.lastIndex += this.#charUnits(line, pattern.lastIndex);
      found = pattern.exec(line);
    }
    return 1;
  }

  /** Patterns that know characters go back to the start of one that they are set into the middle of. */
  #charUnits(line: string, at: number): number {
    return this.#knowsChars && (line.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }

  #emit(found: RegExpExecArray): void {
    const value = this.#value < 0 ? 1 : decimalOf(found[this.#value] ?? "");
    const key = this.#keyOf(found);
    if (key === undefined || Number.isNaN(value)) this.tools.count("regex.skipped", 1);
    else this.emitter.emit(key, value);
  }

  #keyOf(found: RegExpExecArray): string | undefined {
    const keys = this.#keys;
    let key = found[keys[0] ?? 0];
    for (let index = 1; index < keys.length; index++) {
      const part = found[keys[index] ?? 0];
      if (part === undefined || key === undefined) return undefined;
      key += this.#joinWith + part;
    }
    return key;
  }
}
