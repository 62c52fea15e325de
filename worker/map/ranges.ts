import { compareBytes } from "#worker/runs/record-view";
import { prefixOf } from "#worker/runs/run-cursor";

/**
 * Finds the range of an encoded key: how many of the ascending `boundaries` are at or before it. Most
 * comparisons end with the first bytes, as one number each.
 */
export function rangeOf(
  boundaries: readonly Buffer[],
): (bytes: Buffer, start: number, end: number) => number {
  const prefixes = Float64Array.from(boundaries, (key) => prefixOf(key, 0, key.length));
  return (bytes, start, end) => {
    const prefix = prefixOf(bytes, start, end);
    let low = 0;
    let high = prefixes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const own = prefixes[middle] ?? 0;
      let isAtOrBefore = own < prefix;
      if (own === prefix) {
        const key = boundaries[middle] as Buffer;
        isAtOrBefore = compareBytes(key, 0, key.length, bytes, start, end, 0) <= 0;
      }
      if (isAtOrBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
