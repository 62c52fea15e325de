/** Shorter ranges are copied faster by a loop than by a call out of JavaScript. */
const loopBytesMax = 40;

/** A growable byte buffer that is filled, used and reset; whoever owns it owns its bytes. */
export class Scratch {
  bytes: Buffer;
  length = 0;

  constructor(initialBytes = 256) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Makes room for `more` bytes after `length`; keeps what is there. */
  reserve(more: number): Buffer {
    const needed = this.length + more;
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    return this.bytes;
  }

  append(from: Uint8Array, start: number, end: number): void {
    const bytes = this.reserve(end - start);
    if (end - start > loopBytesMax) {
      bytes.set(from.subarray(start, end), this.length);
    } else {
      for (let at = start, to = this.length; at < end; at++, to++) bytes[to] = from[at] ?? 0;
    }
    this.length += end - start;
  }
}
