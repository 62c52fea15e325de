/** Above this a native copy is faster than a loop (measured: 66 against 71 ns at 103 bytes). */
const loopBytesMax = 96;
/** The same for a loop of single bytes. */
const shortLoopBytesMax = 40;

/**
 * Copies `from[start, end)` to `to[at…]`. Records are short, and a call out of JavaScript costs more
 * than moving a short record four bytes at a time.
 * @returns the position after the last byte written
 */
export function copyBytes(
  from: Buffer,
  fromView: DataView,
  start: number,
  end: number,
  to: Buffer,
  toView: DataView,
  at: number,
): number {
  const size = end - start;
  if (size > loopBytesMax) {
    to.set(from.subarray(start, end), at);
    return at + size;
  }
  let source = start;
  let target = at;
  for (; source + 4 <= end; source += 4, target += 4) {
    toView.setInt32(target, fromView.getInt32(source));
  }
  for (; source < end; source++, target++) to[target] = from[source] ?? 0;
  return target;
}

/** The same without views, for what is mostly a word or a number. */
export function copyShort(
  from: Buffer,
  start: number,
  end: number,
  to: Buffer,
  at: number,
): number {
  if (end - start > shortLoopBytesMax) {
    to.set(from.subarray(start, end), at);
    return at + end - start;
  }
  let target = at;
  for (let source = start; source < end; source++) to[target++] = from[source] ?? 0;
  return target;
}

/** A DataView over exactly the bytes of a buffer. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
