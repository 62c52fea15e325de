import {
  exceptionsMax,
  exceptionsStart,
  hashBits,
  hashEnd,
  hashKey,
  hashMask,
  hashWord,
  keyBytesMax,
  place,
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
 * Takes each word in `[inputStart, end)` with 1. The byte at `end` is no part of a word, and 32 bytes behind it may be
 * read. Words of more than 511 bytes, and those with bytes beyond ASCII where `isPlain` is false, are listed as
 * exceptions. @returns where it stopped: at `end`, or before it when the list of exceptions is full
 */
export function words(start: u32, end: u32, bySpace: bool, lowerCase: bool, isPlain: bool): u32 {
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
      if (!isPlain && i8x16.bitmask(key) !== 0) {
        if (!except(at, at + run)) return at;
        at += run + 1;
        continue;
      }
      let hash: u32 = 0x811c9dc5;
      hash = hashWord(hash, i32x4.extract_lane(key, 0));
      if (run > 4) hash = hashWord(hash, i32x4.extract_lane(key, 1));
      if (run > 8) hash = hashWord(hash, i32x4.extract_lane(key, 2));
      if (run > 12) hash = hashWord(hash, i32x4.extract_lane(key, 3));
      hash = hashEnd(hash, run);
      const to = place(hash, 4 + ((run + 3) & ~3));
      store<u32>(to, (hash & hashMask) | (run << hashBits));
      v128.store(to + 4, key);
      recordCount += 1;
      at += run + 1;
      continue;
    }
    let wordEnd = at + 16;
    for (;;) {
      const more = inWord(v128.load(wordEnd), bySpace);
      if (more !== 0xffff) {
        wordEnd += ctz(~more);
        break;
      }
      wordEnd += 16;
    }
    if (!longWord(at, wordEnd, lowerCase, isPlain) && !except(at, wordEnd)) return at;
    at = wordEnd + 1;
  }
  return end;
}

function except(start: u32, end: u32): bool {
  if (exceptionCount === exceptionsMax) return false;
  const pair = exceptionsStart + exceptionCount * 8;
  store<u32>(pair, start);
  store<u32>(pair, end, 4);
  exceptionCount += 1;
  return true;
}

/** @returns false for a word that is left to the caller */
function longWord(start: u32, end: u32, lowerCase: bool, isPlain: bool): bool {
  const size = end - start;
  if (size > keyBytesMax) return false;
  if (!isPlain) {
    for (let at = start; at < end; at++) if (load<u8>(at) >= 0x80) return false;
  }
  const padded = (size + 3) & ~3;
  // The lane is not known before the hash.
  const key = wordStart;
  for (let at: u32 = 0; at < size; at += 16) {
    const block = v128.load(start + at);
    v128.store(key + at, lowerCase ? lower(block) : block);
  }
  for (let at = size; at < padded; at++) store<u8>(key + at, 0);
  const hash = hashKey(key, size);
  const to = place(hash, 4 + padded);
  store<u32>(to, (hash & hashMask) | (size << hashBits));
  for (let at: u32 = 0; at < padded; at += 4) store<u32>(to + 4 + at, load<u32>(key + at));
  recordCount += 1;
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
