import { fault } from "#shared/errors/fault";
import type { Scratch } from "./scratch.js";
import { readWtf8, writeWtf8, wtf8BytesMax } from "./wtf8.js";

/**
 * Keys as bytes whose unsigned order is the documented key order. All keys of a run are of one kind,
 * so the kind stands once in each block header instead of at every record.
 */
export const keyKinds = { none: 0, string: 1, number: 2, bytes: 3 } as const;
export type KeyKind = (typeof keyKinds)[keyof typeof keyKinds];

export const keyKindNames = ["none", "string", "number", "bytes"] as const;

/** @throws MR_KEY_INVALID when the value cannot be a key */
export function keyKindOf(key: unknown): KeyKind {
  if (typeof key === "string") return keyKinds.string;
  if (typeof key === "number") return keyKinds.number;
  if (key instanceof Uint8Array) return keyKinds.bytes;
  const shown = key === null ? "null" : Array.isArray(key) ? "an array" : `of type ${typeof key}`;
  throw fault("MR_KEY_INVALID", `emitted key is ${shown}; allowed: string, number, Uint8Array`);
}

/** Appends the encoded key to `into`. */
export function encodeKey(into: Scratch, key: string | number | Uint8Array): void {
  if (typeof key === "string") {
    const bytes = into.reserve(wtf8BytesMax(key));
    into.length = writeWtf8(bytes, into.length, key);
  } else if (typeof key === "number") {
    writeOrderedNumber(into.reserve(8), into.length, key);
    into.length += 8;
  } else {
    into.append(key, 0, key.length);
  }
}

/** The key of `[start, end)`; bytes are copied, so that the caller may keep them. */
export function decodeKey(
  kind: KeyKind,
  bytes: Buffer,
  start: number,
  end: number,
): string | number | Uint8Array {
  if (kind === keyKinds.string) return readWtf8(bytes, start, end);
  if (kind === keyKinds.number) return readOrderedNumber(bytes, start);
  return new Uint8Array(bytes.subarray(start, end));
}

/**
 * IEEE 754 big-endian with the sign bit flipped, all bits flipped for negatives: byte order is
 * numeric order. -0 becomes 0; every NaN becomes one that sorts last.
 */
export function writeOrderedNumber(bytes: Buffer, position: number, value: number): void {
  bytes.writeDoubleBE(value === 0 ? 0 : value, position);
  const first = bytes[position] ?? 0;
  if (Number.isNaN(value)) {
    bytes.fill(0xff, position, position + 8);
  } else if (first < 0x80) {
    bytes[position] = first | 0x80;
  } else {
    for (let at = position; at < position + 8; at++) bytes[at] = ~(bytes[at] ?? 0) & 0xff;
  }
}

const ordered = Buffer.alloc(8);

export function readOrderedNumber(bytes: Uint8Array, position: number): number {
  const first = bytes[position] ?? 0;
  const isPositive = first >= 0x80;
  for (let at = 0; at < 8; at++) {
    const byte = bytes[position + at] ?? 0;
    ordered[at] = isPositive ? byte : ~byte & 0xff;
  }
  if (isPositive) ordered[0] = first & 0x7f;
  return ordered.readDoubleBE(0);
}
