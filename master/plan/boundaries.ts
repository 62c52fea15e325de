/** A boundary need not be a key: a long key's beginning parts others just as well. */
const boundaryBytesMax = 1_024;

/**
 * Parts keys into ranges of about the same weight: partition `i` takes keys from boundary `i-1` to
 * below boundary `i`. Where many keys are equal there are fewer boundaries, as one key cannot be
 * parted.
 * @param keys a sample of the encoded keys, ascending by bytes, with repetitions
 * @param partitionCount so many partitions at most
 * @returns ascending, no two equal, none at or below the smallest key
 */
export function chooseBoundaries(
  keys: readonly Uint8Array[],
  partitionCount: number,
): Uint8Array[] {
  const boundaries: Uint8Array[] = [];
  let last: Uint8Array | undefined = keys[0];
  for (let index = 1; index < partitionCount; index++) {
    const key = keys[Math.floor((index * keys.length) / partitionCount)];
    const boundary = key?.subarray(0, boundaryBytesMax);
    if (boundary === undefined || last === undefined) break;
    if (compareBytes(boundary, last) <= 0) continue;
    boundaries.push(boundary);
    last = boundary;
  }
  return boundaries;
}

/** Unsigned, a prefix before what it starts: the order of encoded keys. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
