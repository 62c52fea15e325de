import type { MapMemory } from "#worker/map/emitter";
import { CombineKernel } from "#worker/map/kernel/combine-kernel";
import { SortArena } from "#worker/map/sort-arena";
import { memoryShares } from "./memory-shares.js";

let kept: SortArena | null = null;
let kernel: CombineKernel | null = null;

/** The buffers of a map attempt. The thread runs one attempt at a time, so it needs one of each. */
export function mapMemory(slotMemoryBytes: number): MapMemory {
  const { sortBytes, tableBytes } = memoryShares(slotMemoryBytes);
  if (kept?.budgetBytes !== sortBytes) kept = new SortArena(sortBytes);
  return { arena: kept, tableBytes, kernel: () => (kernel ??= new CombineKernel()) };
}
