import { getHeapStatistics } from "node:v8";

/** Bytes that this thread holds: its heap, and the buffers that belong to it. */
export function threadMemoryBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}
