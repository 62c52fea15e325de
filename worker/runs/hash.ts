/**
 * A hash of a key's bytes, taken four at a time as little-endian words, the last one filled up with
 * zeros: one multiplication a word, then the length, then the last step of MurmurHash3, because
 * partitions are taken from the top bits. It decides which part a key lies in: changing it is a
 * change of the output's layout.
 * @see https://github.com/aappleby/smhasher/wiki/MurmurHash3
 */
export const hashSeed = 0x811c_9dc5 | 0;

/** Takes in one word. Both multiplications are needed: without the shift the low bits hardly mix. */
export function hashWord(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
}

/** Takes in the length in bytes and stirs. @returns 32 bits, as a signed integer */
export function hashEnd(hash: number, sizeBytes: number): number {
  let mixed = hash ^ sizeBytes;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}

export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = hashSeed;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    hash = hashWord(hash, word);
  }
  if (at < end) {
    let word = 0;
    for (let shift = 0; at < end; at++, shift += 8) word |= (bytes[at] ?? 0) << shift;
    hash = hashWord(hash, word);
  }
  return hashEnd(hash, end - start);
}

/** The partition of a hash: `floor(hash / 2^32 * partitionCount)`. */
export function partitionOfHash(hash: number, partitionCount: number): number {
  return Math.floor(((hash >>> 0) * partitionCount) / 0x1_0000_0000);
}
