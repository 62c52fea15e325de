/** More values of one key are better streamed, whatever memory there is. */
const heldBytesMax = 64 * 1024 * 1024;

/**
 * How a slot's memory is shared out. The rest is for the user's heap, blocks being read and written,
 * and the engine itself.
 */
export function memoryShares(slotMemoryBytes: number): {
  readonly sortBytes: number;
  readonly tableBytes: number;
  readonly shuffleBytes: number;
  /** Values of one key that `cogroup` and `join` hold, on the user's heap. */
  readonly heldBytes: number;
} {
  const share = (part: number): number => Math.max(1024 * 1024, Math.floor(slotMemoryBytes * part));
  return {
    sortBytes: share(0.25),
    tableBytes: share(0.2),
    shuffleBytes: share(0.2),
    heldBytes: Math.min(heldBytesMax, share(0.125)),
  };
}
