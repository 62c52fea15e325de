import type { CsvColumnsOptions } from "#shared/authoring/mappers";
import { fault } from "#shared/errors/fault";
import type { Emitter } from "../emitter.js";
import { CsvSource } from "../readers/csv-source.js";
import type { RecordSource } from "../readers/record-source.js";
import type { ByteMapper, ByteMapperTools } from "./byte-mapper.js";
import { readDecimal } from "./decimal.js";
import { JoinedKey } from "./joined-key.js";

type Column = string | number;

/** Columns of CSV rows as keys and numbers. */
export class CsvColumnMapper implements ByteMapper {
  readonly #source: CsvSource;
  readonly #names: readonly Column[];
  readonly #value: Column | null;
  /** Positions of the columns in files of this header. */
  readonly #positions: number[] = [];
  #valuePosition = -1;
  #header: readonly string[] | null = null;
  #isResolved = false;
  readonly #key: JoinedKey;

  constructor(
    { key, value, joinWith }: CsvColumnsOptions,
    source: RecordSource,
    readonly emitter: Emitter,
    readonly tools: ByteMapperTools,
  ) {
    if (!(source instanceof CsvSource)) throw new TypeError("csvColumns() reads csv()");
    this.#source = source;
    this.#names = typeof key === "object" ? key : [key];
    this.#value = value ?? null;
    this.#key = new JoinedKey(emitter, joinWith);
  }

  map(bytes: Buffer): number {
    const source = this.#source;
    if (!this.#isResolved || source.header !== this.#header) this.#resolve(source.header);
    const value = this.#number(bytes);
    if (Number.isNaN(value)) this.tools.count("csvColumns.skipped", 1);
    else this.#emit(bytes, value);
    return 1;
  }

  #emit(bytes: Buffer, value: number): void {
    const { row, fieldCount } = this.#source;
    const positions = this.#positions;
    const only = positions[0] ?? 0;
    if (positions.length === 1 && only < fieldCount && row.isQuoted[only] === 0) {
      this.emitter.emitText(bytes, row.fieldStart[only] ?? 0, row.fieldEnd[only] ?? 0, value);
      return;
    }
    const key = this.#key;
    key.clear();
    for (let index = 0; index < positions.length; index++) {
      const position = positions[index] ?? 0;
      if (position >= fieldCount) {
        this.tools.count("csvColumns.skipped", 1);
        return;
      }
      if (index > 0) key.join();
      const start = row.fieldStart[position] ?? 0;
      const end = row.fieldEnd[position] ?? 0;
      if (row.isQuoted[position] === 0) {
        key.append(bytes, start, end);
      } else {
        const target = key.reserve(end - start);
        key.length = row.copyField(bytes, position, target, key.length);
      }
    }
    key.emit(value);
  }

  #number(bytes: Buffer): number {
    if (this.#value === null) return 1;
    const { row, fieldCount } = this.#source;
    const at = this.#valuePosition;
    if (at >= fieldCount || row.isQuoted[at] === 1) return Number.NaN;
    return readDecimal(bytes, row.fieldStart[at] ?? 0, row.fieldEnd[at] ?? 0);
  }

  /** @throws MR_INPUT_CORRUPT when the file has no column of that name */
  #resolve(header: readonly string[] | null): void {
    this.#header = header;
    this.#isResolved = true;
    this.#positions.length = 0;
    for (const name of this.#names) this.#positions.push(this.#positionOf(name, header));
    this.#valuePosition = this.#value === null ? -1 : this.#positionOf(this.#value, header);
  }

  #positionOf(column: Column, header: readonly string[] | null): number {
    if (typeof column === "number") return column;
    const position = header?.lastIndexOf(column) ?? -1;
    if (position >= 0) return position;
    const columns = header === null ? "positions only" : header.join(", ");
    throw fault("MR_INPUT_CORRUPT", `csvColumns() asks for column ${JSON.stringify(column)}`, {
      location: this.#source.location,
      columns,
    });
  }
}
