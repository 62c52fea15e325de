/**
 * Moves records between input, sort arena and blocks of a run, in WebAssembly: copies of a hundred bytes cost
 * a tenth of what a call into the runtime costs JavaScript. All positions are in bytes of the memory, which
 * belongs to `SortMemory`; sixteen bytes behind every target may be overwritten.
 */

/** Items that are touched together before any is copied, so that their waits for memory overlap. */
const touchedItems: u32 = 16;
const lineBytes: u32 = 64;
let touched: u32 = 0;

/** Bytes of the block in use after `gather`. */
export let blockUsed: u32 = 0;

@inline
function copy(to: u32, from: u32, size: u32): void {
  for (let at: u32 = 0; at < size; at += 16) v128.store(to + at, v128.load(from + at));
}

/** @returns the position behind the varint */
function putSize(at: u32, size: u32): u32 {
  let rest = size;
  let to = at;
  while (rest >= 0x80) {
    store<u8>(to++, rest | 0x80);
    rest >>>= 7;
  }
  store<u8>(to++, rest);
  return to;
}

/** The first four bytes of a key as a big-endian number, zeros behind its end. */
@inline
function prefixOf(key: u32, size: u32): u32 {
  const word = bswap<u32>(load<u32>(key));
  return size >= 4 ? word : size === 0 ? 0 : word & ~(0xffffffff >>> (size * 8));
}

/**
 * Appends `count` records of one length to an arena in their stored form: size of the key, key, size of the
 * value, its tag, value.
 * @param offsets where the place of each record goes, in bytes from the arena's start
 * @param prefixes where the first four bytes of each key go
 * @returns bytes of the arena in use
 */
export function addFixed(
  source: u32,
  count: u32,
  recordBytes: u32,
  keyBytes: u32,
  valueTag: u32,
  arena: u32,
  used: u32,
  offsets: u32,
  prefixes: u32,
): u32 {
  const valueBytes = recordBytes - keyBytes;
  let from = source;
  let to = arena + used;
  for (let index: u32 = 0; index < count; index++) {
    store<u32>(offsets + index * 4, to - arena);
    store<u32>(prefixes + index * 4, prefixOf(from, keyBytes));
    to = putSize(to, keyBytes);
    copy(to, from, keyBytes);
    to = putSize(to + keyBytes, valueBytes + 1);
    store<u8>(to, valueTag);
    copy(to + 1, from + keyBytes, valueBytes);
    to += 1 + valueBytes;
    from += recordBytes;
  }
  return to - arena;
}

/**
 * Copies records to a block, in the order of `items`, until it holds `target` bytes, the next one does not fit
 * into `capacity`, or none is left. @returns how many items were taken
 */
export function gather(
  items: u32,
  itemCount: u32,
  arena: u32,
  arenaUsed: u32,
  offsets: u32,
  recordCount: u32,
  block: u32,
  used: u32,
  target: u32,
  capacity: u32,
): u32 {
  let taken: u32 = 0;
  let to = used;
  while (taken < itemCount && to < target) {
    const last = min(taken + touchedItems, itemCount);
    for (let at = taken; at < last; at++) {
      const start = arena + load<u32>(offsets + load<u32>(items + at * 4) * 4);
      touched ^= load<u8>(start) ^ load<u8>(start + lineBytes);
    }
    for (; taken < last && to < target; taken++) {
      const item = load<u32>(items + taken * 4);
      const start = load<u32>(offsets + item * 4);
      const end = item + 1 < recordCount ? load<u32>(offsets + item * 4, 4) : arenaUsed;
      if (to + end - start > capacity) {
        blockUsed = to;
        return taken;
      }
      copy(block + to, arena + start, end - start);
      to += end - start;
    }
  }
  blockUsed = to;
  return taken;
}
