import "./native-buffer.js";
import { fault } from "#shared/errors/fault";
import type { Scratch } from "./scratch.js";
import { VarintReader, varintBytesMax, writeVarint } from "./varint.js";
import { readWtf8, writeWtf8, wtf8BytesMax } from "./wtf8.js";

/** First byte of an encoded value; what follows is its payload up to the value's end. */
export const valueTags = {
  null: 0,
  false: 1,
  true: 2,
  /** Zigzag varint: 0, -1, 1, -2 … are 0, 1, 2, 3 … Integers up to 2^52. */
  integer: 3,
  /** Eight bytes, little-endian. */
  double: 4,
  /** WTF-8. */
  string: 5,
  bytes: 6,
  /** JSON text in UTF-8: arrays and objects. */
  json: 7,
  /** What `count()` has counted so far, as a varint: not a value that was emitted. */
  partialCount: 8,
  /** What `mean()` has seen so far: sum and count, two little-endian doubles. */
  partialMean: 9,
  /** What `all()` has seen so far: a little-endian double for each of its parts, two (sum, count) for a mean. */
  partialAll: 10,
  /** What `collect()` or `topK()` holds so far: encoded values, each behind its size as a varint. */
  partialList: 11,
  /** What `histogram()` has counted so far: a varint for each of its ranges. */
  partialCounts: 12,
} as const;

/** Whether this first byte is of a value that somebody emitted, not of a partial result. */
export function isEmittedTag(tag: number | undefined): boolean {
  return tag !== undefined && tag <= valueTags.json;
}

const integerMax = 2 ** 52;

/**
 * Appends the encoded value to `into`.
 * @throws MR_VALUE_INVALID for what JSON cannot hold (functions, symbols, bigints, cycles)
 */
export function encodeValue(into: Scratch, value: unknown): void {
  if (typeof value === "number") {
    encodeNumber(into, value);
  } else if (typeof value === "string") {
    const bytes = into.reserve(1 + wtf8BytesMax(value));
    bytes[into.length] = valueTags.string;
    into.length = writeWtf8(bytes, into.length + 1, value);
  } else if (value === null || value === undefined) {
    encodeTag(into, valueTags.null);
  } else if (typeof value === "boolean") {
    encodeTag(into, value ? valueTags.true : valueTags.false);
  } else if (value instanceof Uint8Array) {
    encodeTag(into, valueTags.bytes);
    into.append(value, 0, value.length);
  } else {
    encodeJson(into, value);
  }
}

export function encodeNumber(into: Scratch, value: number): void {
  const bytes = into.reserve(1 + varintBytesMax + 1);
  const at = into.length;
  if (Number.isInteger(value) && Math.abs(value) < integerMax && !Object.is(value, -0)) {
    bytes[at] = valueTags.integer;
    into.length = writeVarint(bytes, at + 1, value >= 0 ? value * 2 : -value * 2 - 1);
  } else {
    bytes[at] = valueTags.double;
    bytes.writeDoubleLE(value, at + 1);
    into.length = at + 9;
  }
}

export function encodePartialCount(into: Scratch, count: number): void {
  const bytes = into.reserve(1 + varintBytesMax);
  bytes[into.length] = valueTags.partialCount;
  into.length = writeVarint(bytes, into.length + 1, count);
}

export function encodePartialMean(into: Scratch, sum: number, count: number): void {
  const bytes = into.reserve(17);
  bytes[into.length] = valueTags.partialMean;
  bytes.writeDoubleLE(sum, into.length + 1);
  bytes.writeDoubleLE(count, into.length + 9);
  into.length += 17;
}

/** @param doubles as `valueTags.partialAll` says */
export function encodePartialAll(into: Scratch, doubles: ArrayLike<number>): void {
  const bytes = into.reserve(1 + doubles.length * 8);
  bytes[into.length++] = valueTags.partialAll;
  for (let index = 0; index < doubles.length; index++) {
    bytes.writeDoubleLE(doubles[index] ?? 0, into.length);
    into.length += 8;
  }
}

function encodeTag(into: Scratch, tag: number): void {
  into.reserve(1)[into.length] = tag;
  into.length++;
}

function encodeJson(into: Scratch, value: unknown): void {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw fault("MR_VALUE_INVALID", "emitted value cannot be written as JSON", {}, error);
  }
  if (text === undefined) {
    throw fault(
      "MR_VALUE_INVALID",
      `emitted value is of type ${typeof value}; allowed: any JSON value, or Uint8Array`,
    );
  }
  const bytes = into.reserve(1 + wtf8BytesMax(text));
  bytes[into.length] = valueTags.json;
  into.length = writeWtf8(bytes, into.length + 1, text);
}

const varints = new VarintReader();

/**
 * The value of `[start, end)`; bytes are copied, so that the caller may keep them.
 * @throws MR_RUN_CORRUPT for an unknown tag
 */
export function decodeValue(bytes: Buffer, start: number, end: number): unknown {
  switch (bytes[start]) {
    case valueTags.integer:
    case valueTags.double:
    case valueTags.partialCount:
    case valueTags.partialMean:
      return decodeNumber(bytes, start);
    case valueTags.string:
      return readWtf8(bytes, start + 1, end);
    case valueTags.null:
      return null;
    case valueTags.false:
      return false;
    case valueTags.true:
      return true;
    case valueTags.bytes:
      return new Uint8Array(bytes.subarray(start + 1, end));
    case valueTags.json:
      return JSON.parse(bytes.utf8Slice(start + 1, end)) as unknown;
    default:
      throw fault("MR_RUN_CORRUPT", "unknown value tag", { tag: bytes[start] ?? -1 });
  }
}

/** The number at `start`, or NaN for another kind of value; partial results read as what they stand for. */
export function decodeNumber(bytes: Buffer, start: number): number {
  switch (bytes[start]) {
    case valueTags.integer: {
      const first = bytes[start + 1] ?? 0;
      const zigzag = first < 0x80 ? first : varints.read(bytes, start + 1);
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    case valueTags.double:
      return bytes.readDoubleLE(start + 1);
    case valueTags.partialCount:
      return varints.read(bytes, start + 1);
    case valueTags.partialMean:
      return bytes.readDoubleLE(start + 1) / bytes.readDoubleLE(start + 9);
    default:
      return Number.NaN;
  }
}

/** Whether the encoded value is one that was emitted as a number. */
export function isNumberTag(tag: number | undefined): boolean {
  return tag === valueTags.integer || tag === valueTags.double;
}
