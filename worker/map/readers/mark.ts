/** Length of the byte order mark of UTF-8, `EF BB BF`. */
export const markBytes = 3;

/** Whether a byte order mark begins the block. */
export function startsWithMark(block: Buffer): boolean {
  return block.length >= markBytes && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf;
}
