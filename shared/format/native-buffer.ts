/**
 * Buffer methods that Node has had since its beginning, without the argument checks of
 * `toString` and `write`, which cost more than a short word takes to copy.
 */
declare global {
  // The parameter's name and default must repeat those of @types/node.
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    utf8Slice(start: number, end: number): string;
    latin1Slice(start: number, end: number): string;
    utf8Write(text: string, offset: number): number;
  }
}

export {};
