/** Reads so many bits, at most 32; null goes on to the next whole byte. */
interface BitReader {
  (count: number | null): number;
  /** Bytes of which at least a bit was read. */
  bytesRead: number;
}

declare module "@openpgp/unbzip2-stream/lib/bit_iterator.js" {
  /** @param nextBuffer is asked at once, and whenever a buffer is used up */
  function makeBitReader(nextBuffer: () => Uint8Array): BitReader;
  export = makeBitReader;
}

declare module "@openpgp/unbzip2-stream/lib/bzip2.js" {
  const bzip2: {
    /** Reads the header of a stream. @returns the block size in 100,000 bytes */
    header(bits: BitReader): number;
    /**
     * Reads a block, or the end of the stream, and checks its checksum.
     * @param work as many elements as the block size has bytes
     * @returns the checksum of the stream so far; null at its end
     */
    decompress(
      bits: BitReader,
      write: (byte: number) => void,
      work: Int32Array,
      workLength: number,
      streamCrc: number,
    ): number | null;
  };
  export = bzip2;
}
