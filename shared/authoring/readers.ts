import type { ReaderSpec } from "#shared/model/job";

/** How input bytes become the records that `map` is called with. */
export interface Reader<Input> {
  readonly spec: ReaderSpec;
  /** Only for the type checker; never set. */
  readonly input?: Input;
}

/**
 * One record a line, without its `\n` or `\r\n`. Large files are split and healed at line borders;
 * files that end in `.gz` are decompressed and read whole by one task.
 */
export function text(): Reader<string> {
  return { spec: { kind: "text" } };
}

/** One JSON value a line; blank lines are skipped; a line that is not JSON fails with its place. */
export function jsonl<Value = unknown>(): Reader<Value> {
  return { spec: { kind: "jsonl" } };
}

/** One record a file: its whole content, as text or as bytes. */
export function wholeFile(): Reader<string>;
export function wholeFile(options: { readonly as: "text" }): Reader<string>;
export function wholeFile(options: { readonly as: "bytes" }): Reader<Uint8Array>;
export function wholeFile(
  options: { readonly as: "text" | "bytes" } = { as: "text" },
): Reader<string> | Reader<Uint8Array> {
  return { spec: { kind: "file", as: options.as } };
}

/** A record of fixed length, cut in two. The arrays are valid during the call only; copy what stays. */
export interface FixedRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Records of `recordBytes` bytes each; the first `keyBytes` are the key. With `identity()` no record is copied to JavaScript. */
export function fixedLength(options: {
  readonly recordBytes: number;
  readonly keyBytes: number;
}): Reader<FixedRecord> {
  return { spec: { kind: "fixed", ...options } };
}
