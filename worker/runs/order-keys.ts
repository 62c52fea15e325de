import { keyKinds, type KeyKind } from "#shared/format/key";
import { appendUnescaped, escapedEnd, escapeFrom } from "#shared/format/ordered-value";
import type { Scratch } from "#shared/format/scratch";

/**
 * Composite keys: the key, then the order bytes of the value, so that whatever sorts and merges keys
 * puts the values of each in order, too.
 *
 *     string, bytes    the key, escaped (see `ordered-value.ts`), order bytes
 *     number           its eight bytes, order bytes
 *
 * The first part is the *prefix*. No prefix is the beginning of another, so the order of composite keys
 * is that of (key, order bytes), and records of one key are those with one prefix.
 */
const numberBytes = 8;

/** Makes `into` the prefix of the encoded key `[start, end)`; what is appended to it are order bytes. */
export function startComposite(
  into: Scratch,
  kind: KeyKind,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  into.length = 0;
  into.append(bytes, start, end);
  if (kind !== keyKinds.number) escapeFrom(into, 0);
}

/**
 * Where the prefix of the composite key `[start, end)` ends.
 * @throws MR_RUN_CORRUPT when the key is not composite
 */
export function prefixEnd(kind: KeyKind, bytes: Buffer, start: number, end: number): number {
  return kind === keyKinds.number ? start + numberBytes : escapedEnd(bytes, start, end);
}

/** Makes `into` the encoded key of the prefix `[start, end)`. */
export function readPlainKey(
  into: Scratch,
  kind: KeyKind,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  into.length = 0;
  if (kind === keyKinds.number) into.append(bytes, start, end);
  else appendUnescaped(into, bytes, start, end);
}
