import type { JsonFieldsOptions } from "#shared/authoring/mappers";
import { Fault, fault } from "#shared/errors/fault";
import { readWtf8, wtf8BytesMax, writeWtf8 } from "#shared/format/wtf8";
import type { Emitter } from "../emitter.js";
import type { RecordSource } from "../readers/record-source.js";
import type { ByteMapper, ByteMapperTools } from "./byte-mapper.js";
import { readDecimal } from "./decimal.js";
import { JoinedKey } from "./joined-key.js";
import { JsonScan } from "./json-scan.js";

const quote = 34;
const comma = 44;
const colon = 58;
const openBrace = 123;
const closeBrace = 125;
const notFound = -1;

/** A name on the way to a field that is asked for. */
interface Level {
  readonly name: Buffer;
  /** Indexes of the fields that end here. */
  readonly fields: number[];
  readonly below: Level[];
}

/** Fields of the objects of JSON lines as keys and numbers; nothing is parsed but what is asked for. */
export class JsonFieldMapper implements ByteMapper {
  readonly #scan = new JsonScan();
  readonly #top: Level[] = [];
  /** Where the values of the fields lie; -1 for one that was not found. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #keyCount: number;
  readonly #hasValue: boolean;
  readonly #key: JoinedKey;

  constructor(
    { key, value, joinWith }: JsonFieldsOptions,
    readonly source: RecordSource,
    readonly emitter: Emitter,
    readonly tools: ByteMapperTools,
  ) {
    const keys = typeof key === "string" ? [key] : key;
    const paths = value === undefined ? keys : [...keys, value];
    paths.forEach((path, index) => addPath(this.#top, path.split("."), index));
    this.#starts = new Int32Array(paths.length);
    this.#ends = new Int32Array(paths.length);
    this.#keyCount = keys.length;
    this.#hasValue = value !== undefined;
    this.#key = new JoinedKey(emitter, joinWith);
  }

  map(bytes: Buffer, start: number, end: number): number {
    this.#starts.fill(notFound);
    const scan = this.#scan;
    scan.begin(bytes, start, end);
    try {
      scan.passSpace();
      if (scan.peek() === openBrace) this.#passObject(this.#top);
      else scan.passValue();
      scan.passSpace();
      if (scan.at !== end) throw scan.broken();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { location, offset } = this.source;
      throw fault("MR_INPUT_CORRUPT", error.message, { location, offset }, error);
    }
    const value = this.#number(bytes);
    if (Number.isNaN(value) || !this.#putKey(bytes)) this.tools.count("jsonFields.skipped", 1);
    else this.#key.emit(value);
    return 1;
  }

  #passObject(levels: readonly Level[]): void {
    const scan = this.#scan;
    scan.expect(openBrace);
    scan.passSpace();
    if (scan.take(closeBrace)) return;
    for (;;) {
      scan.passSpace();
      const nameStart = scan.at + 1;
      scan.passString();
      const level = this.#levelOf(levels, nameStart, scan.at - 1);
      scan.passSpace();
      scan.expect(colon);
      scan.passSpace();
      if (level === null) scan.passValue();
      else this.#passField(level);
      scan.passSpace();
      if (scan.take(comma)) continue;
      scan.expect(closeBrace);
      return;
    }
  }

  /** A later field of the same name takes the place of an earlier one, with all that was in it. */
  #passField(level: Level): void {
    const scan = this.#scan;
    this.#forget(level);
    const start = scan.at;
    if (level.below.length > 0 && scan.peek() === openBrace) this.#passObject(level.below);
    else scan.passValue();
    for (const field of level.fields) {
      this.#starts[field] = start;
      this.#ends[field] = scan.at;
    }
  }

  #forget(level: Level): void {
    for (const field of level.fields) this.#starts[field] = notFound;
    for (const below of level.below) this.#forget(below);
  }

  #levelOf(levels: readonly Level[], start: number, end: number): Level | null {
    const { bytes, hasEscapes } = this.#scan;
    if (hasEscapes) {
      const name = Buffer.from(JSON.parse(readWtf8(bytes, start - 1, end + 1)) as string);
      return levels.find((level) => level.name.equals(name)) ?? null;
    }
    for (let index = 0; index < levels.length; index++) {
      const level = levels[index];
      if (level !== undefined && isName(level.name, bytes, start, end)) return level;
    }
    return null;
  }

  #number(bytes: Buffer): number {
    if (!this.#hasValue) return 1;
    const index = this.#keyCount;
    const start = this.#starts[index] ?? notFound;
    const first = start === notFound ? 0 : (bytes[start] ?? 0);
    const isNumber = first === 45 || (first >= 48 && first <= 57);
    return isNumber ? readDecimal(bytes, start, this.#ends[index] ?? 0) : Number.NaN;
  }

  #putKey(bytes: Buffer): boolean {
    const key = this.#key;
    key.clear();
    for (let index = 0; index < this.#keyCount; index++) {
      if (index > 0) key.join();
      const start = this.#starts[index] ?? notFound;
      const end = this.#ends[index] ?? 0;
      if (start === notFound || isNull(bytes, start, end)) return false;
      if (bytes[start] === quote) this.#putString(bytes, start, end);
      else this.#putOther(bytes, start, end);
    }
    return true;
  }

  #putString(bytes: Buffer, start: number, end: number): void {
    for (let at = start + 1; at < end - 1; at++) {
      if (bytes[at] !== 92) continue;
      this.#putText(JSON.parse(readWtf8(bytes, start, end)) as string);
      return;
    }
    this.#key.append(bytes, start + 1, end - 1);
  }

  /** As `JSON.stringify` writes it; whole numbers that it would not write otherwise are taken as they are. */
  #putOther(bytes: Buffer, start: number, end: number): void {
    if (isPlainNumber(bytes, start, end)) this.#key.append(bytes, start, end);
    else this.#putText(JSON.stringify(JSON.parse(readWtf8(bytes, start, end)) as unknown));
  }

  #putText(text: string): void {
    const key = this.#key;
    const target = key.reserve(wtf8BytesMax(text));
    key.length = writeWtf8(target, key.length, text);
  }
}

function addPath(levels: Level[], [name = "", ...rest]: readonly string[], field: number): void {
  const bytes = Buffer.from(name);
  let level = levels.find((one) => one.name.equals(bytes));
  if (level === undefined) {
    level = { name: bytes, fields: [], below: [] };
    levels.push(level);
  }
  if (rest.length === 0) level.fields.push(field);
  else addPath(level.below, rest, field);
}

function isName(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== name.length) return false;
  for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name[at]) return false;
  return true;
}

function isNull(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 4 && bytes[start] === 110;
}

function isPlainNumber(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 15) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 48 || byte > 57) return false;
  }
  return true;
}
