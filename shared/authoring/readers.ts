import type { ReaderSpec } from "#shared/model/formats";
import type { FormerRecord } from "./steps.js";
import type { JobKey, JobValue } from "./values.js";

/** How input bytes become the records that `map` is called with. */
export interface Reader<Input> {
  readonly spec: ReaderSpec;
  /** Only for the type checker; never set. */
  readonly input?: Input;
}

export interface TextOptions {
  /** What ends a record, 1 to 16 bytes in UTF-8; absent: `\n` or `\r\n`. */
  readonly delimiter?: string;
}

/**
 * One record a line, without its end. Large files are split and healed at line borders; compressed
 * ones (`.gz`, `.bz2`, `.zst`) are read whole by one task. Bytes that are not UTF-8 are kept: byte `b`
 * becomes the lone surrogate `U+DC00 + b`, which writers turn back into the byte.
 */
export function text(options: TextOptions = {}): Reader<string> {
  return { spec: { kind: "text", ...options } };
}

/** Arrays of up to `lines` lines (1,000 unless told) of one file, for mappers that work on many at a time. */
export function lineBatches(
  options: TextOptions & { readonly lines?: number } = {},
): Reader<readonly string[]> {
  const { lines = 1000, ...rest } = options;
  return { spec: { kind: "text", ...rest, batchLines: lines } };
}

/** Whole lines as they are in the file, with their ends, about a mebibyte at a time. The bytes are valid during the call only. */
export function lineChunks(): Reader<Uint8Array> {
  return { spec: { kind: "chunk" } };
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

/** Records of Millrace's own binary format, which `records()` as a writer made: keys and values exactly as emitted. */
export function recordFiles<
  Key extends JobKey = JobKey,
  Value extends JobValue = JobValue,
>(): Reader<FormerRecord<Key, Value>> {
  return { spec: { kind: "records" } };
}

/** The output of the step before, in a repeated step from the second round on that of the round before. */
export function former<Key extends JobKey = JobKey, Value extends JobValue = JobValue>(): Reader<
  FormerRecord<Key, Value>
> {
  return { spec: { kind: "former" } };
}
