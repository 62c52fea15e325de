/**
 * Folds records by key in small hash tables, in WebAssembly: the loops that a word count or a group-by
 * spends most of its time in. Written in AssemblyScript, which has loads and stores of any width and
 * SIMD; `npm run kernel` compiles it into `combine-wasm.ts`.
 *
 * Records wait in one of 1,024 lanes, chosen by the top bits of their hash, until a lane is full and can
 * be folded into its own table at once, which is then in the cache for all of them.
 *
 *     lane     records: head (u32: low 21 bits of the hash, tag, 1 bit "value follows"), key (zeros up to
 *              a multiple of 4), perhaps the value (f64)
 *     tag      9 bits of key size, 1 bit "marked": such a key is another than the same one unmarked
 *     table    slots: hash (u32), cell (u32, 0 is free); open addressing, at most half full
 *     cell     hash (u32), tag (u32), accumulators (f64 each), key (zeros up to a multiple of 8)
 *     chunk    next chunk (u32), end of the used part (u32), cells
 *
 * Cells never move. All memory behind `heapStart` is given out from the front and taken back at once.
 */

const laneCount: u32 = 1024;
/** The upper ten bits of a hash are the lane's number. */
const laneShift: u32 = 22;
export const tagShift: u32 = 21;
export const hashMask: u32 = (1 << tagShift) - 1;
const tagMask: u32 = 1023;
export const marked: u32 = 512;
/** Lanes are 2^11 to 2^14 bytes each: what waits in them takes about six times as much in tables. */
let laneBits: u32 = 14;
/** What a store of 16 bytes may write behind the end of a record. */
const slackBytes: u32 = 64;
export const keyBytesMax: u32 = 511;
const startSlots: u32 = 64;
const firstChunkBytes: u32 = 1024;
const lastChunkBytes: u32 = 16384;

/** Bytes of input that `words` takes at once, and of staged records. */
export const inputBytes: u32 = 1 << 20;
export const stagingBytes: u32 = 1 << 16;
/** Runs that `words` leaves to its caller: pairs of start and end. */
export const exceptionsMax: u32 = 1 << 15;

const base: u32 = (u32(__heap_base) + 65535) & ~65535;
export const inputStart: u32 = base;
export const stagingStart: u32 = inputStart + inputBytes + slackBytes;
export const exceptionsStart: u32 = stagingStart + stagingBytes + slackBytes;
/** A word that is too long for one register is put together here. */
export const wordStart: u32 = exceptionsStart + exceptionsMax * 8;
const usedStart: u32 = wordStart + 512 + slackBytes;
const tablesStart: u32 = usedStart + laneCount * 4;
const tableBytes: u32 = 24;
const lanesStart: u32 = (tablesStart + laneCount * tableBytes + 65535) & ~65535;

/** Fields of a table. */
const slotsField: u32 = 0;
const maskField: u32 = 4;
const countField: u32 = 8;
const chunkField: u32 = 12;
const freeField: u32 = 16;
const endField: u32 = 20;

/** Behind the lanes. */
let heapStart: u32 = lanesStart;
let heap: u32 = lanesStart;
let operationCount: u32 = 1;
let headerBytes: u32 = 16;
/** Two bits an accumulator, of 32 at most: 0 adds the value, 1 adds one, 2 takes the smaller, 3 the larger. */
let operations: u64 = 0;

/** About what the texts in marked keys will take when they are added in their place. */
let markedBytes: u32 = 0;

/** Bytes in use by tables, and to be used for what is marked. */
export function usedBytes(): u32 {
  return heap - heapStart + markedBytes;
}

/** Forgets everything and begins anew with these accumulators, and lanes of this size. */
export function reset(count: u32, codes: u64, bits: u32): void {
  laneBits = bits;
  heapStart = (lanesStart + (laneCount << bits) + slackBytes + 65535) & ~65535;
  operationCount = count;
  operations = codes;
  headerBytes = 8 + count * 8;
  reserve(heapStart);
  memory.fill(usedStart, 0, laneCount * 4);
  clear();
}

/** Empties the tables; what waits in lanes stays. */
export function clear(): void {
  memory.fill(tablesStart, 0, laneCount * tableBytes);
  heap = heapStart;
  markedBytes = 0;
}

function allocate(bytes: u32): u32 {
  const start = heap;
  heap = (start + bytes + 15) & ~15;
  reserve(heap);
  return start;
}

/** Sees to memory up to `end`. */
function reserve(end: u32): void {
  const needed = (end + slackBytes + 65535) >>> 16;
  const present = u32(memory.size());
  if (needed <= present) return;
  // In steps of a mebibyte: growing costs a call into the engine.
  if (memory.grow(i32(max(needed - present, 16))) < 0) unreachable();
}

@inline
export function hashWord(hash: u32, word: u32): u32 {
  const mixed: u32 = (hash ^ word) * 0x9e3779b1;
  return mixed ^ (mixed >>> 15);
}

@inline
export function hashEnd(hash: u32, size: u32): u32 {
  let mixed: u32 = hash ^ size;
  mixed = (mixed ^ (mixed >>> 16)) * 0x85ebca6b;
  mixed = (mixed ^ (mixed >>> 13)) * 0xc2b2ae35;
  return mixed ^ (mixed >>> 16);
}

/** Hash of a key that zeros follow up to a multiple of 4. */
@inline
export function hashKey(key: u32, size: u32): u32 {
  let hash: u32 = 0x811c9dc5;
  const end = key + size;
  for (let at = key; at < end; at += 4) hash = hashWord(hash, load<u32>(at));
  return hashEnd(hash, size);
}

function makeTable(table: u32): void {
  const slots = allocate(startSlots * 8);
  memory.fill(slots, 0, startSlots * 8);
  store<u32>(table, slots, slotsField);
  store<u32>(table, startSlots - 1, maskField);
}

function growSlots(table: u32): void {
  const old = load<u32>(table, slotsField);
  const oldCount = load<u32>(table, maskField) + 1;
  const mask = oldCount * 2 - 1;
  const slots = allocate(oldCount * 16);
  memory.fill(slots, 0, oldCount * 16);
  for (let at: u32 = 0; at < oldCount; at++) {
    const entry = load<u64>(old + at * 8);
    if (entry >> 32 === 0) continue;
    let slot = u32(entry) & mask;
    while (load<u32>(slots + slot * 8, 4) !== 0) slot = (slot + 1) & mask;
    store<u64>(slots + slot * 8, entry);
  }
  store<u32>(table, slots, slotsField);
  store<u32>(table, mask, maskField);
}

function addChunk(table: u32, bytesMin: u32): u32 {
  const former = load<u32>(table, chunkField);
  let bytes: u32 = firstChunkBytes;
  if (former !== 0) {
    store<u32>(former, load<u32>(table, freeField), 4);
    bytes = min((load<u32>(table, endField) - former) * 2, lastChunkBytes);
  }
  bytes = max(bytes, bytesMin + 8);
  const chunk = allocate(bytes);
  store<u32>(chunk, former);
  store<u32>(table, chunk, chunkField);
  store<u32>(table, chunk + bytes, endField);
  store<u32>(table, chunk + 8, freeField);
  return chunk + 8;
}

function insert(table: u32, slot: u32, key: u32, tag: u32, hash: u32, value: f64): void {
  const size = tag & keyBytesMax;
  const padded = (size + 7) & ~7;
  const bytes = headerBytes + padded;
  let cell = load<u32>(table, freeField);
  if (cell + bytes > load<u32>(table, endField)) cell = addChunk(table, bytes);
  store<u32>(table, cell + bytes, freeField);
  // Its like, and that one's slot.
  if ((tag & marked) !== 0) markedBytes += bytes * 2;
  store<u32>(cell, hash);
  store<u32>(cell, tag, 4);
  for (let at: u32 = 0; at < operationCount; at++) {
    store<f64>(cell + at * 8, ((operations >> (at * 2)) & 3) === 1 ? 1 : value, 8);
  }
  const own = cell + headerBytes;
  if (padded > 0) store<u64>(own + padded - 8, 0);
  for (let at: u32 = 0; at < size; at += 4) store<u32>(own + at, load<u32>(key + at));
  store<u32>(slot, hash);
  store<u32>(slot, cell, 4);
  const count = load<u32>(table, countField) + 1;
  store<u32>(table, count, countField);
  if (count * 2 > load<u32>(table, maskField)) growSlots(table);
}

@inline
function update(cell: u32, value: f64): void {
  if (operations === 0 && operationCount === 1) {
    store<f64>(cell, load<f64>(cell, 8) + value, 8);
    return;
  }
  for (let at: u32 = 0; at < operationCount; at++) {
    const place = cell + at * 8;
    const total = load<f64>(place, 8);
    const operation = u32((operations >> (at * 2)) & 3);
    if (operation === 0) store<f64>(place, total + value, 8);
    else if (operation === 1) store<f64>(place, total + 1, 8);
    else if (operation === 2) store<f64>(place, min(total, value), 8);
    else store<f64>(place, max(total, value), 8);
  }
}

@inline
function isSame(left: u32, right: u32, size: u32): bool {
  for (let at: u32 = 0; at < size; at += 4) {
    if (load<u32>(left + at) !== load<u32>(right + at)) return false;
  }
  return true;
}

/** Folds what waits in a lane into its table. */
function fold(lane: u32): void {
  const used = load<u32>(usedStart + lane * 4);
  if (used === 0) return;
  store<u32>(usedStart + lane * 4, 0);
  const table = tablesStart + lane * tableBytes;
  if (load<u32>(table, slotsField) === 0) makeTable(table);
  let slots = load<u32>(table, slotsField);
  let mask = load<u32>(table, maskField);
  let at = lanesStart + (lane << laneBits);
  const end = at + used;
  while (at < end) {
    const head = load<u32>(at);
    const hash = (lane << laneShift) | (head & hashMask);
    const tag = (head >>> tagShift) & tagMask;
    const size = tag & keyBytesMax;
    const key = at + 4;
    at = key + ((size + 3) & ~3);
    let value: f64 = 1;
    if (head >>> 31 !== 0) {
      value = load<f64>(at);
      at += 8;
    }
    let index = hash & mask;
    for (;;) {
      const slot = slots + index * 8;
      const entry = load<u64>(slot);
      const cell = u32(entry >> 32);
      if (cell === 0) {
        insert(table, slot, key, tag, hash, value);
        slots = load<u32>(table, slotsField);
        mask = load<u32>(table, maskField);
        break;
      }
      if (u32(entry) === hash && load<u32>(cell, 4) === tag) {
        if (isSame(key, cell + headerBytes, size)) {
          update(cell, value);
          break;
        }
      }
      index = (index + 1) & mask;
    }
  }
}

/** Folds what waits in all lanes. */
export function foldAll(): void {
  for (let lane: u32 = 0; lane < laneCount; lane++) fold(lane);
}

/** The newest chunk of a table, its used end written into it; 0 for an empty table. */
export function chunksOf(lane: u32): u32 {
  const table = tablesStart + lane * tableBytes;
  const chunk = load<u32>(table, chunkField);
  if (chunk !== 0) store<u32>(chunk, load<u32>(table, freeField), 4);
  return chunk;
}

/** Where a record of so many bytes goes in the lane of the hash. */
@inline
export function place(hash: u32, bytes: u32): u32 {
  const lane = hash >>> laneShift;
  let used = load<u32>(usedStart + lane * 4);
  // A store of 16 bytes must not reach into the next lane.
  if (used + bytes + 16 > <u32>1 << laneBits) {
    fold(lane);
    used = 0;
  }
  store<u32>(usedStart + lane * 4, used + bytes);
  return lanesStart + (lane << laneBits) + used;
}

/**
 * Takes the staged records up to `end`: head (u32: key size, and the top bit when a value follows), key
 * (zeros up to a multiple of 4), perhaps the value (f64).
 */
export function takeStaged(end: u32): void {
  let at: u32 = stagingStart;
  while (at < end) {
    const head = load<u32>(at);
    const size = head & keyBytesMax;
    const key = at + 4;
    const padded = (size + 3) & ~3;
    const hash = hashKey(key, size);
    const valueBytes: u32 = (head >>> 31) * 8;
    const bytes = 4 + padded + valueBytes;
    const to = place(hash, bytes);
    store<u32>(to, (hash & hashMask) | (size << tagShift) | (head & 0x80000000));
    // Most records fit into the first 16 bytes; what is behind a shorter one is overwritten by the next.
    v128.store(to + 4, v128.load(key));
    for (let offset: u32 = 16; offset < padded + valueBytes; offset += 4) {
      store<u32>(to + 4 + offset, load<u32>(key + offset));
    }
    at += bytes;
  }
}
