const blockBytes = 1024 * 1024;

/**
 * Lines of ASCII in blocks of about a mebibyte, whole lines only, as many as `sizeBytes` hold; `makeLine`
 * gives the next one with its newline. A block is valid until the next one is asked for.
 */
export class LineBlocks {
  readonly #makeLine: () => string;
  #bytesLeft: number;
  lineCount = 0;

  constructor(sizeBytes: number, makeLine: () => string) {
    this.#makeLine = makeLine;
    this.#bytesLeft = sizeBytes;
  }

  *blocks(): Generator<Uint8Array> {
    const block = Buffer.allocUnsafe(blockBytes);
    let filled = 0;
    for (;;) {
      const line = this.#makeLine();
      if (line.length > this.#bytesLeft) break;
      if (filled + line.length > blockBytes) {
        yield block.subarray(0, filled);
        filled = 0;
      }
      filled += block.write(line, filled, "latin1");
      this.#bytesLeft -= line.length;
      this.lineCount++;
    }
    yield block.subarray(0, filled);
  }
}
