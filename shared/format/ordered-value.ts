import { fault } from "#shared/errors/fault";
import { writeOrderedNumber } from "./key.js";
import type { Scratch } from "./scratch.js";
import { writeWtf8, wtf8BytesMax } from "./wtf8.js";

/**
 * What values are sorted by, as bytes whose unsigned order is the documented order, and none of which
 * is the beginning of another:
 *
 *     null      01
 *     false     02
 *     true      03
 *     number    04, eight bytes as in a key: ascending, -0 equal to 0, NaN last
 *     string    05, WTF-8, escaped
 *     bytes     06, the bytes, escaped
 *     array     07, its elements, 00: element by element, a prefix first
 *
 * *Escaped* means that 00 is written 00 FF and that the end is 00 00.
 */
const tags = { null: 1, false: 2, true: 3, number: 4, string: 5, bytes: 6, array: 7 } as const;
const arrayEnd = 0;
/** Deeper than anybody sorts by; an array that holds itself ends here. */
const depthMax = 100;

const allowed =
  "allowed: null, boolean, number, string, Uint8Array, and arrays of these; " +
  "sortValues may be a function of the value that returns one of them";

/**
 * Appends the order bytes of `sortKey` to `into`; when it throws, `into.length` is as before.
 * @throws MR_VALUE_INVALID for objects and whatever else has no order
 */
export function encodeSortKey(into: Scratch, sortKey: unknown): void {
  const start = into.length;
  try {
    append(into, sortKey, 0);
  } catch (error) {
    into.length = start;
    throw error;
  }
}

function append(into: Scratch, sortKey: unknown, depth: number): void {
  if (typeof sortKey === "number") {
    const bytes = into.reserve(9);
    bytes[into.length] = tags.number;
    writeOrderedNumber(bytes, into.length + 1, sortKey);
    into.length += 9;
  } else if (typeof sortKey === "string") {
    const bytes = into.reserve(1 + wtf8BytesMax(sortKey));
    const start = into.length + 1;
    bytes[into.length] = tags.string;
    into.length = writeWtf8(bytes, start, sortKey);
    escapeFrom(into, start);
  } else if (sortKey === null) {
    appendByte(into, tags.null);
  } else if (typeof sortKey === "boolean") {
    appendByte(into, sortKey ? tags.true : tags.false);
  } else if (sortKey instanceof Uint8Array) {
    appendByte(into, tags.bytes);
    const start = into.length;
    into.append(sortKey, 0, sortKey.length);
    escapeFrom(into, start);
  } else if (Array.isArray(sortKey) && depth < depthMax) {
    appendByte(into, tags.array);
    for (const element of sortKey as readonly unknown[]) append(into, element, depth + 1);
    appendByte(into, arrayEnd);
  } else {
    throw fault("MR_VALUE_INVALID", `values cannot be sorted by ${shown(sortKey)}; ${allowed}`);
  }
}

function appendByte(into: Scratch, byte: number): void {
  into.reserve(1)[into.length] = byte;
  into.length++;
}

function shown(sortKey: unknown): string {
  if (Array.isArray(sortKey)) return `arrays more than ${depthMax} deep`;
  return typeof sortKey === "object" ? "an object" : `something of type ${typeof sortKey}`;
}

/** Escapes what lies in `into` from `start` on, in place, and ends it. */
export function escapeFrom(into: Scratch, start: number): void {
  let zeros = 0;
  const { bytes, length } = into;
  for (let at = start; at < length; at++) if (bytes[at] === 0) zeros++;
  const grown = into.reserve(zeros + 2);
  let to = length + zeros;
  into.length = to + 2;
  grown[to] = 0;
  grown[to + 1] = 0;
  // From the back, until there is no zero left before.
  for (let from = length; to > from;) {
    const byte = grown[--from] ?? 0;
    if (byte === 0) grown[--to] = 0xff;
    grown[--to] = byte;
  }
}

/**
 * Where the escaped bytes that begin at `start` end, their own end included.
 * @throws MR_RUN_CORRUPT when they have no end
 */
export function escapedEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 1 < end; at++) {
    if (bytes[at] !== 0) continue;
    if (bytes[at + 1] === 0) return at + 2;
    at++;
  }
  throw fault("MR_RUN_CORRUPT", "key that values are sorted under has no end");
}

/** Appends the escaped bytes `[start, end)`, their end included, to `into` as they were. */
export function appendUnescaped(
  into: Scratch,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const target = into.reserve(end - start);
  let to = into.length;
  for (let at = start; at < end - 2; at++) {
    const byte = bytes[at] ?? 0;
    target[to++] = byte;
    if (byte === 0) at++;
  }
  into.length = to;
}

/** Turns the order of what lies in `into` from `start` on around: every bit becomes its opposite. */
export function invertFrom(into: Scratch, start: number): void {
  const { bytes, length } = into;
  for (let at = start; at < length; at++) bytes[at] = ~(bytes[at] ?? 0) & 0xff;
}
