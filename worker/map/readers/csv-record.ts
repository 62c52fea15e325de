import { readWtf8 } from "#shared/format/wtf8";
import type { CsvRow } from "./csv-row.js";

/** A row with names for its fields, or without. */
export type CsvRecord = Readonly<Record<string, string>> | readonly string[];

/**
 * The texts of a row's fields.
 * @param start of the row in `bytes`
 * @param names as many as the row has fields; null for an array
 */
export function readCsvRecord(
  row: CsvRow,
  bytes: Buffer,
  start: number,
  end: number,
  count: number,
  names: readonly string[] | null,
): CsvRecord {
  // One string for the row and slices of it are cheaper than a string for each field.
  const text = row.isAscii ? bytes.latin1Slice(start, end) : null;
  if (names === null) {
    const fields: string[] = [];
    for (let index = 0; index < count; index++) {
      fields.push(readField(row, bytes, start, text, index));
    }
    return fields;
  }
  const record: Record<string, string> = {};
  for (let index = 0; index < count; index++) {
    const name = names[index] ?? "";
    const field = readField(row, bytes, start, text, index);
    if (name === "__proto__") define(record, name, field);
    else record[name] = field;
  }
  return record;
}

function readField(
  row: CsvRow,
  bytes: Buffer,
  rowStart: number,
  rowText: string | null,
  index: number,
): string {
  const start = row.fieldStart[index] ?? 0;
  const end = row.fieldEnd[index] ?? 0;
  const field =
    rowText === null
      ? readWtf8(bytes, start, end)
      : rowText.slice(start - rowStart, end - rowStart);
  return row.isQuoted[index] === 1 ? field.replaceAll('""', '"') : field;
}

/** As a member like others: assigning to this name would set the prototype. */
function define(record: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(record, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
