import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const blockBytes = 1024 * 1024;

/** A scratch file that takes bytes synchronously and gives them back once, in order. */
export class Overflow {
  bytes = 0;
  #file: number | null = null;

  constructor(readonly path: string) {}

  append(bytes: Buffer): void {
    if (this.#file === null) {
      mkdirSync(dirname(this.path), { recursive: true });
      this.#file = openSync(this.path, "w+");
    }
    for (let at = 0; at < bytes.length;) {
      at += writeSync(this.#file, bytes, at, bytes.length - at, this.bytes + at);
    }
    this.bytes += bytes.length;
  }

  /** Everything that was appended, block by block; each is valid until the next. Empty afterwards. */
  *take(): Generator<Buffer> {
    if (this.#file === null) return;
    const block = Buffer.allocUnsafeSlow(blockBytes);
    for (let at = 0; at < this.bytes;) {
      const got = readSync(this.#file, block, 0, blockBytes, at);
      if (got === 0) throw new Error("overflow file is shorter than what was written");
      at += got;
      yield block.subarray(0, got);
    }
    this.discard();
  }

  discard(): void {
    if (this.#file === null) return;
    closeSync(this.#file);
    unlinkSync(this.path);
    this.#file = null;
    this.bytes = 0;
  }
}
