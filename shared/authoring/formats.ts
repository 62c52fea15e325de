import type { Compression, ReaderSpec, WriterSpec } from "#shared/model/formats";
import type { Reader } from "./readers.js";
import type { Writer } from "./writers.js";

/** A format that can be read and written. */
export interface Format<Input> extends Reader<Input>, Writer {
  readonly spec: ReaderSpec & WriterSpec;
}

export interface TsvOptions {
  /** Output compressed; the parts' names end in `.gz` or `.zst`. */
  readonly compress?: Compression;
  /** Reading: whether `\\ \t \n \r` stand for backslash, tab, line feed and carriage return, as the writer writes them. */
  readonly escapes?: boolean;
}

/**
 * As output: `key<TAB>value<LF>`. Strings and bytes as they are, except that backslash, tab, LF and CR are
 * written `\\ \t \n \r`; numbers as JavaScript prints them; other values as JSON. A null value leaves the key alone.
 * As input: the fields of a line, parted by tabs.
 */
export function tsv(options: TsvOptions = {}): Format<readonly string[]> {
  return { spec: { kind: "tsv", ...options } };
}

export interface CsvOptions {
  /** One ASCII character; a comma unless told. */
  readonly delimiter?: string;
  /**
   * Reading: `true` (the usual) takes names from each file's first row, so that records are objects; a
   * list gives them; `false` makes records arrays. Writing: a list is written as first row of each part.
   */
  readonly header?: boolean | readonly string[];
  /**
   * Reading: whether quoted fields may hold line ends, so that files are not cut. A file that is read
   * whole by one task may hold them anyway; a larger one that does fails with a message that says so.
   */
  readonly quotedNewlines?: boolean;
  readonly compress?: Compression;
}

/**
 * Comma-separated values by RFC 4180, with `\n` or `\r\n`. As output: the key (unless it is null or
 * empty text), then the elements of an array, the members of an object, or the value.
 */
export function csv(options: CsvOptions & { readonly header: false }): Format<readonly string[]>;
export function csv(options?: CsvOptions): Format<Readonly<Record<string, string>>>;
export function csv(
  options: CsvOptions = {},
): Format<readonly string[]> | Format<Readonly<Record<string, string>>> {
  const { header, ...rest } = options;
  return {
    spec: {
      kind: "csv",
      ...rest,
      header: typeof header === "object" ? [...header] : (header ?? true),
    },
  };
}
