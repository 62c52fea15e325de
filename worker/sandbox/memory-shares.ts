import { arenaBytesMax } from "#worker/map/kernel/sort-memory";

/** Places in the kernel's tables are 31 bits, and while they are emptied they may become larger still. */
const tableBytesMax = 512 * 1024 * 1024;

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
    sortBytes: Math.min(arenaBytesMax, share(0.25)),
    tableBytes: Math.min(tableBytesMax, share(0.2)),
    shuffleBytes: share(0.2),
    heldBytes: Math.min(heldBytesMax, share(0.125)),
  };
}
