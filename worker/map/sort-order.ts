/**
 * Sorts items by an unsigned 32-bit number each, keeping the order of equal ones: least significant
 * digit first, eleven bits a pass, passes whose digit never differs left out.
 */
export class RadixSorter {
  #keys = new Uint32Array(0);
  #items = new Uint32Array(0);
  readonly #counts = new Uint32Array(2048);

  /** Sorts `keys[0, count)` and `items[0, count)` together, in place. */
  sort(keys: Uint32Array, items: Uint32Array, count: number): void {
    if (this.#keys.length < count) {
      this.#keys = new Uint32Array(keys.length);
      this.#items = new Uint32Array(keys.length);
    }
    let fromKeys: Uint32Array = keys;
    let fromItems: Uint32Array = items;
    let toKeys: Uint32Array = this.#keys;
    let toItems: Uint32Array = this.#items;
    for (const shift of [0, 11, 22]) {
      if (!this.#pass(fromKeys, fromItems, toKeys, toItems, count, shift)) continue;
      [fromKeys, fromItems, toKeys, toItems] = [toKeys, toItems, fromKeys, fromItems];
    }
    if (fromKeys === keys) return;
    keys.set(fromKeys.subarray(0, count));
    items.set(fromItems.subarray(0, count));
  }

  #pass(
    fromKeys: Uint32Array,
    fromItems: Uint32Array,
    toKeys: Uint32Array,
    toItems: Uint32Array,
    count: number,
    shift: number,
  ): boolean {
    const counts = this.#counts.fill(0);
    for (let at = 0; at < count; at++) {
      const digit = ((fromKeys[at] ?? 0) >>> shift) & 2047;
      counts[digit] = (counts[digit] ?? 0) + 1;
    }
    if (counts[((fromKeys[0] ?? 0) >>> shift) & 2047] === count) return false;
    let sum = 0;
    for (let digit = 0; digit < 2048; digit++) {
      const here = counts[digit] ?? 0;
      counts[digit] = sum;
      sum += here;
    }
    for (let at = 0; at < count; at++) {
      const key = fromKeys[at] ?? 0;
      const digit = (key >>> shift) & 2047;
      const target = counts[digit] ?? 0;
      counts[digit] = target + 1;
      toKeys[target] = key;
      toItems[target] = fromItems[at] ?? 0;
    }
    return true;
  }
}

/**
 * Stable counting sort of the items `0..count-1` by their partition.
 * @returns the items, their sort keys, and where each partition begins, with the end as last one
 */
export function splitByPartition(
  partitions: Uint32Array,
  sortKeys: Uint32Array,
  count: number,
  partitionCount: number,
): { readonly items: Uint32Array; readonly keys: Uint32Array; readonly starts: Uint32Array } {
  const starts = new Uint32Array(partitionCount + 1);
  for (let item = 0; item < count; item++) {
    const next = (partitions[item] ?? 0) + 1;
    starts[next] = (starts[next] ?? 0) + 1;
  }
  for (let partition = 1; partition <= partitionCount; partition++) {
    starts[partition] = (starts[partition] ?? 0) + (starts[partition - 1] ?? 0);
  }
  const free = starts.slice();
  const items = new Uint32Array(count);
  const keys = new Uint32Array(count);
  for (let item = 0; item < count; item++) {
    const partition = partitions[item] ?? 0;
    const target = free[partition] ?? 0;
    free[partition] = target + 1;
    items[target] = item;
    keys[target] = sortKeys[item] ?? 0;
  }
  return { items, keys, starts };
}
