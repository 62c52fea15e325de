import type { Compression, WriterSpec } from "#shared/model/formats";

/** How output records become bytes. */
export interface Writer {
  readonly spec: WriterSpec;
}

export interface CompressOption {
  /** Output compressed; the parts' names end in `.gz` or `.zst`. */
  readonly compress?: Compression;
}

/** `{"key":…,"value":…}` a line; bytes as `{"base64":"…"}`. */
export function jsonLines(options: CompressOption = {}): Writer {
  return { spec: { kind: "jsonl", ...options } };
}

/** The bytes of the key, then those of the value, with nothing between or after. Strings as UTF-8, numbers as text. */
export function raw(options: CompressOption = {}): Writer {
  return { spec: { kind: "raw", ...options } };
}

/**
 * Like `tsv()`, but with nothing escaped, as Hadoop's TextOutputFormat: key, separator (a tab unless
 * told), value, line feed. An empty key or a null value leaves the other one alone.
 */
export function plainLines(options: CompressOption & { readonly separator?: string } = {}): Writer {
  return { spec: { kind: "lines", ...options } };
}

/** Millrace's own binary format, read back by `recordFiles()`: keys and values exactly as emitted. */
export function records(): Writer {
  return { spec: { kind: "records" } };
}
