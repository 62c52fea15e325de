import { fault, type Fault } from "#shared/errors/fault";
import type { ReaderSpec } from "#shared/model/formats";
import type { InputRange, Split } from "#shared/model/split";
import type { Place, StartByte } from "./block-feed.js";
import { BlockRecords } from "./block-records.js";
import { readCsvRecord, type CsvRecord } from "./csv-record.js";
import { CsvRow, csvFaults } from "./csv-row.js";
import { isCompressed } from "./compression.js";
import { lineContentBytes, lineEnd, lineStart } from "./line-source.js";
import type { ReadSettings } from "./record-source.js";

type CsvSpec = Extract<ReaderSpec, { kind: "csv" }>;

const lineFeed = 10;
const carriageReturn = 13;
const quote = 34;
/** A header is read before the range; it is short. */
const headerBlockBytes = 64 * 1024;
const advice = "set quotedNewlines: true if quoted fields hold line ends";

/**
 * Rows of CSV files; empty lines are none. A range that is a whole object may hold line ends in
 * quoted fields. In any other range every line is a row, and starts as in `LineSource`: where a line
 * end was in quotes, the line that opens them is refused by whoever it belongs to.
 * @see RFC 4180
 */
export class CsvSource extends BlockRecords {
  /** Where the fields of the present row lie in `bytes`. */
  readonly row = new CsvRow();
  fieldCount = 0;
  /** Names of the fields of the present object, or of all; null where rows have no names. */
  header: readonly string[] | null = null;
  readonly #spec: CsvSpec;
  readonly #delimiter: number;
  readonly #placeOf: (location: string) => Place;
  readonly #settings: ReadSettings;
  /** Whether the next row gives the names. */
  #takesHeader = false;
  /** Rows up to this offset are the header, which is read beforehand. */
  #headerOffset = -1;
  #quotesMayHoldLines = false;
  /** Whether a row that goes on in the next block does so inside quotes. */
  #isOpen = false;
  /** First quote at or behind the place looked at, in the bytes walked. */
  #nextQuote = -1;

  constructor(
    split: Split,
    placeOf: (location: string) => Place,
    settings: ReadSettings,
    spec: CsvSpec,
  ) {
    super(split, placeOf, settings, 2);
    this.#spec = spec;
    this.#delimiter = (spec.delimiter ?? ",").charCodeAt(0);
    this.#placeOf = placeOf;
    this.#settings = settings;
  }

  /** The present row as an object, or as an array where rows have no names. */
  record(): CsvRecord {
    return readCsvRecord(this.row, this.bytes, this.start, this.end, this.fieldCount, this.header);
  }

  next(): boolean {
    for (;;) {
      const at = this.position;
      if (at >= this.limit) return false;
      const { bytes } = this;
      let end = this.#rowEnd(bytes, at);
      if (end < 0) {
        if (!this.isLast) return false;
        end = bytes.length;
        this.position = end;
      } else {
        this.position = end + 1;
        if (end > at && bytes[end - 1] === carriageReturn) end -= 1;
      }
      if (end === at || this.blockOffset + at <= this.#headerOffset) continue;
      this.start = at;
      this.end = end;
      this.offset = this.blockOffset + at;
      const count = this.row.parse(bytes, at, end, this.#delimiter);
      if (count < 0) throw this.#rowFault(count);
      this.fieldCount = count;
      if (this.#takesHeader) {
        this.header = this.#names();
        this.#takesHeader = false;
        continue;
      }
      if (this.header !== null && count !== this.header.length) throw this.#countFault();
      return true;
    }
  }

  protected begin(range: InputRange): StartByte {
    const { header } = this.#spec;
    const isWhole = range.startByte === 0 && range.endByte === range.fileBytes;
    this.#quotesMayHoldLines = isWhole || isCompressed(range.location);
    this.#headerOffset = -1;
    this.#takesHeader = header !== false && typeof header !== "object";
    this.header = typeof header === "object" ? header : null;
    const start = lineStart(range);
    if (!this.#takesHeader || range.startByte === 0) return start;
    this.#takesHeader = false;
    return async () => {
      await this.#readHeader(range);
      return start;
    };
  }

  protected skip(block: Buffer): number {
    return lineEnd(block);
  }

  protected endIn(block: Buffer): number {
    if (!this.#quotesMayHoldLines) return lineEnd(block);
    const end = this.#openRowEnd(block, 0, 0);
    return end < 0 ? -1 : end + 1;
  }

  protected endAcross(): number {
    return -1;
  }

  protected contentBytes(record: Buffer): number {
    return lineContentBytes(record);
  }

  protected override presented(): void {
    this.#nextQuote = -1;
  }

  /** Position of the `\n` that ends the row that begins at `at`; -1 when it is not in these bytes. */
  #rowEnd(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(lineFeed, at);
    if (!this.#quotesMayHoldLines) return end;
    if (this.#nextQuote < at) {
      const found = bytes.indexOf(quote, at);
      this.#nextQuote = found < 0 ? Infinity : found;
    }
    this.#isOpen = false;
    if (end >= 0 && this.#nextQuote > end) return end;
    return this.#openRowEnd(bytes, at, Math.min(this.#nextQuote, bytes.length));
  }

  /**
   * The same for bytes with quotes: each one opens or closes, those that are written twice do both.
   * @param quoteAt no quote lies before it
   */
  #openRowEnd(bytes: Buffer, at: number, quoteAt: number): number {
    let isOpen = this.#isOpen;
    let from = quoteAt;
    let end = bytes.indexOf(lineFeed, at);
    for (;;) {
      const stop = end < 0 ? bytes.length : end;
      for (; from < stop; from++) if (bytes[from] === quote) isOpen = !isOpen;
      if (end < 0 || !isOpen) break;
      end = bytes.indexOf(lineFeed, end + 1);
    }
    this.#isOpen = isOpen;
    return end;
  }

  async #readHeader(range: InputRange): Promise<void> {
    const whole = { ranges: [{ ...range, startByte: 0, endByte: range.fileBytes }] };
    const blockBytes = Math.min(headerBlockBytes, this.#settings.blockBytes);
    const settings = { ...this.#settings, blockBytes };
    const file = new CsvSource(whole, this.#placeOf, settings, { ...this.#spec, header: false });
    try {
      while (await file.advance()) {
        // A header that spans lines would be refused by the range that begins with the object.
        if (!file.next()) continue;
        this.header = file.#names();
        this.#headerOffset = file.offset;
        return;
      }
    } finally {
      await file.close();
    }
  }

  #names(): string[] {
    const names = readCsvRecord(
      this.row,
      this.bytes,
      this.start,
      this.end,
      this.fieldCount,
      null,
    ) as string[];
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice === undefined) return names;
    throw this.#fault("header of a CSV file names two columns alike", { column: twice });
  }

  #countFault(): Fault {
    return this.#fault("row of a CSV file has another number of fields than its header", {
      fields: this.fieldCount,
      expected: this.header?.length ?? 0,
    });
  }

  #rowFault(kind: number): Fault {
    const quoteOffset = this.blockOffset + this.row.faultAt;
    const problem =
      kind === csvFaults.open
        ? "row of a CSV file ends inside a quoted field"
        : "row of a CSV file has a quote where none may stand";
    const hint = this.#quotesMayHoldLines ? "" : `; ${advice}`;
    return this.#fault(problem + hint, { quoteOffset });
  }

  #fault(problem: string, details: Readonly<Record<string, string | number>>): Fault {
    const { location, offset } = this;
    return fault("MR_INPUT_CORRUPT", problem, { location, offset, ...details });
  }
}
