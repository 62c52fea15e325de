import type { WriterSpec } from "#shared/model/job";

/** How output records become bytes. */
export interface Writer {
  readonly spec: WriterSpec;
}

/**
 * `key<TAB>value<LF>`. Strings and bytes as they are, except that backslash, tab, LF and CR are
 * written `\\ \t \n \r`; numbers as JavaScript prints them; other values as JSON. A null value leaves the key alone.
 */
export function tsv(): Writer {
  return { spec: { kind: "tsv" } };
}

/** `{"key":…,"value":…}` a line; bytes as `{"base64":"…"}`. */
export function jsonLines(): Writer {
  return { spec: { kind: "jsonl" } };
}

/** The bytes of the key, then those of the value, with nothing between or after. Strings as UTF-8, numbers as text. */
export function raw(): Writer {
  return { spec: { kind: "raw" } };
}
