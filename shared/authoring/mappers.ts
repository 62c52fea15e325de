/**
 * Mappers that work on bytes: no string is made of a record, and the output is the same to the byte
 * as that of the function that each one names.
 */
export type BuiltinMapper =
  | ({ readonly kind: "words" } & WordsOptions)
  | ({ readonly kind: "fields" } & FieldsOptions)
  | ({ readonly kind: "csv-columns" } & CsvColumnsOptions)
  | ({ readonly kind: "json-fields" } & JsonFieldsOptions)
  | ({ readonly kind: "regex" } & RegexOptions);

export interface WordsOptions {
  /** `letters` (default): runs of `\p{L}`; `space`: what stands between runs of white space, ASCII's. */
  readonly by?: "letters" | "space";
  /** Whether words are folded by `toLowerCase`; true by default. */
  readonly lowerCase?: boolean;
}

/** The words of `text()`, each with 1: `for (const w of line.match(/\p{L}+/gu) ?? []) emit(w.toLowerCase(), 1)`. */
export const words = (options: WordsOptions = {}): BuiltinMapper => ({ kind: "words", ...options });

export interface FieldsOptions {
  /** What parts the fields, one or more ASCII characters; absent: runs of spaces and tabs, as awk has it. */
  readonly separator?: string;
  /** Position of the key's field, from 0, or of several, joined by `joinWith`. */
  readonly key: number | readonly number[];
  /** Position of the value's field, a decimal number; absent: 1 is emitted. */
  readonly value?: number;
  /** Between the fields of a key; a space unless told. */
  readonly joinWith?: string;
}

/**
 * Fields of a line of `text()`. A line that lacks one, or whose value is no number, is counted as
 * `fields.skipped` and emits nothing.
 */
export const fields = (options: FieldsOptions): BuiltinMapper => ({ kind: "fields", ...options });

export interface CsvColumnsOptions {
  /** Column of the key, by name (with a header) or position, or several, joined by `joinWith`. */
  readonly key: string | number | readonly (string | number)[];
  /** Column of the value, a decimal number; absent: 1 is emitted. */
  readonly value?: string | number;
  readonly joinWith?: string;
}

/** Columns of `csv()`. A row that lacks one, or whose value is no number, is counted as `csvColumns.skipped`. */
export const csvColumns = (options: CsvColumnsOptions): BuiltinMapper => ({
  kind: "csv-columns",
  ...options,
});

export interface JsonFieldsOptions {
  /** Field of the key, `user.id` for a nested one, or several, joined by `joinWith`; other than strings as their JSON text. */
  readonly key: string | readonly string[];
  /** Field of the value, a number; absent: 1 is emitted. */
  readonly value?: string;
  readonly joinWith?: string;
}

/** Fields of the objects of `jsonl()`. An object that lacks one, or whose value is no number, is counted as `jsonFields.skipped`. */
export const jsonFields = (options: JsonFieldsOptions): BuiltinMapper => ({
  kind: "json-fields",
  ...options,
});

export interface RegexOptions {
  readonly source: string;
  readonly flags: string;
  /** Capture group of the key, 0 for the whole match, or several, joined by `joinWith`; 0 unless told. */
  readonly key: number | readonly number[];
  /** Capture group of the value, a decimal number; absent: 1 is emitted. */
  readonly value?: number;
  readonly joinWith?: string;
}

/**
 * Matches of a pattern in a line of `text()`: the first one, or with the flag `g` all. A line that does
 * not match is counted as `regex.skipped`, as is a match without the group or with a value that is no number.
 */
export const regex = (
  pattern: RegExp,
  options: {
    readonly key?: number | readonly number[];
    readonly value?: number;
    readonly joinWith?: string;
  } = {},
): BuiltinMapper => ({
  kind: "regex",
  source: pattern.source,
  flags: pattern.flags,
  key: 0,
  ...options,
});
