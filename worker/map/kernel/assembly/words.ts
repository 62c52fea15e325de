import {
  exceptionsMax,
  exceptionsStart,
  hashEnd,
  hashKey,
  hashMask,
  hashWord,
  keyBytesMax,
  marked,
  place,
  tagShift,
  wordStart,
} from "./tables";

/** Words taken since this was last set to 0. */
export let recordCount: f64 = 0;
/** Runs that `words` left to its caller. */
export let exceptionCount: u32 = 0;

/** Begins to count anew. */
export function resetWords(): void {
  recordCount = 0;
}

/** The first 16 bytes of ones followed by zeros: `maskOf(n)` at `masks + 16 - n`. */
const masks: u32 = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0,
]) as u32;

/** Bits of the 16 bytes that belong to words: letters, or all but white space; and bytes beyond ASCII. */
@inline
function inWord(block: v128, bySpace: bool): u32 {
  if (bySpace) {
    const space = i8x16.eq(block, i8x16.splat(32));
    const control = i8x16.le_u(i8x16.sub(block, i8x16.splat(9)), i8x16.splat(4));
    return ~u32(i8x16.bitmask(v128.or(space, control))) & 0xffff;
  }
  const folded = v128.or(block, i8x16.splat(0x20));
  const letters = i8x16.lt_u(i8x16.sub(folded, i8x16.splat(97)), i8x16.splat(26));
  return u32(i8x16.bitmask(v128.or(letters, block)));
}

/** ASCII letters in lower case. */
@inline
function lower(block: v128): v128 {
  const upper = i8x16.lt_u(i8x16.sub(block, i8x16.splat(65)), i8x16.splat(26));
  return v128.or(block, v128.and(upper, i8x16.splat(0x20)));
}

/**
 * Takes each word in `[start, end)` of the input with 1. The byte at `end` is no part of a word, and 64 bytes
 * behind it may be read. Where `isPlain` is false, runs with bytes beyond ASCII are taken as they are, marked, if
 * `marks` is set, and left to the caller as exceptions otherwise, as is every run of more than 510 bytes.
 * @returns where it stopped: at `end`, or before it when the list of exceptions is full
 */
export function words(
  start: u32,
  end: u32,
  bySpace: bool,
  lowerCase: bool,
  isPlain: bool,
  marks: bool,
): u32 {
  let at = start;
  exceptionCount = 0;
  while (at < end) {
    const block = v128.load(at);
    const bits = inWord(block, bySpace);
    if ((bits & 1) === 0) {
      // Most often the one separator behind the word before; a run of them is passed over at once.
      at += bits === 0 ? 16 : ctz(bits);
      continue;
    }
    const run = ctz(~bits);
    if (run < 16) {
      const key = v128.and(lowerCase ? lower(block) : block, v128.load(masks + 16 - run));
      if (isPlain || i8x16.bitmask(key) === 0) {
        takeShort(key, run);
        at += run + 1;
        continue;
      }
    }
    let wordEnd = at + run;
    while (run === 16) {
      const more = inWord(v128.load(wordEnd), bySpace);
      wordEnd += min(ctz(~more), 16);
      if (more !== 0xffff) break;
    }
    if (!takeLong(at, wordEnd, lowerCase, isPlain, marks) && !except(at, wordEnd)) return at;
    at = wordEnd + 1;
  }
  return end;
}

@inline
function takeShort(key: v128, size: u32): void {
  let hash: u32 = 0x811c9dc5;
  hash = hashWord(hash, i32x4.extract_lane(key, 0));
  if (size > 4) hash = hashWord(hash, i32x4.extract_lane(key, 1));
  if (size > 8) hash = hashWord(hash, i32x4.extract_lane(key, 2));
  if (size > 12) hash = hashWord(hash, i32x4.extract_lane(key, 3));
  hash = hashEnd(hash, size);
  const to = place(hash, 4 + ((size + 3) & ~3));
  store<u32>(to, (hash & hashMask) | (size << tagShift));
  v128.store(to + 4, key);
  recordCount += 1;
}

function except(start: u32, end: u32): bool {
  if (exceptionCount === exceptionsMax) return false;
  const pair = exceptionsStart + exceptionCount * 8;
  store<u32>(pair, start);
  store<u32>(pair, end, 4);
  exceptionCount += 1;
  return true;
}

/** @returns false for a run that is left to the caller */
function takeLong(start: u32, end: u32, lowerCase: bool, isPlain: bool, marks: bool): bool {
  const size = end - start;
  if (size >= keyBytesMax) return false;
  let tag = size;
  if (!isPlain && !isAscii(start, end)) {
    if (!marks) return false;
    tag |= marked;
  }
  const folds = lowerCase && (tag & marked) === 0;
  const padded = (size + 3) & ~3;
  // The lane is not known before the hash.
  const key = wordStart;
  for (let at: u32 = 0; at < size; at += 16) {
    const block = v128.load(start + at);
    v128.store(key + at, folds ? lower(block) : block);
  }
  for (let at = size; at < padded; at++) store<u8>(key + at, 0);
  const hash = hashKey(key, size);
  const to = place(hash, 4 + padded);
  store<u32>(to, (hash & hashMask) | (tag << tagShift));
  for (let at: u32 = 0; at < padded; at += 4) store<u32>(to + 4 + at, load<u32>(key + at));
  recordCount += 1;
  return true;
}

function isAscii(start: u32, end: u32): bool {
  for (let at = start; at < end; at++) if (load<u8>(at) >= 0x80) return false;
  return true;
}

/** Line feeds in `[start, end)` of the input. */
export function lineFeeds(start: u32, end: u32): u32 {
  let count: u32 = 0;
  let at = start;
  for (; at + 16 <= end; at += 16) {
    count += popcnt(u32(i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(10)))));
  }
  for (; at < end; at++) if (load<u8>(at) === 10) count += 1;
  return count;
}
