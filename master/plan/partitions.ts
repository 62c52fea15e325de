import type { JobSpec } from "#shared/model/job";

/** What one reduce task gets of the input, where that decides. */
const inputBytesPerPartition = 32 * 1024 * 1024;

export interface PartitionChoice {
  readonly count: number;
  readonly reason: string;
}

/** Chooses the number of reduce tasks: as many as asked for, otherwise at least 2 and at most the slots. */
export function choosePartitionCount(
  spec: JobSpec,
  inputBytes: number,
  slotCount: number,
): PartitionChoice {
  if (!spec.hasReducer) return { count: 0, reason: "no reduce tasks: the job has no reducer." };
  if (spec.partitionCount !== undefined) {
    const count = spec.partitionCount;
    return { count, reason: `${count} reduce tasks: so many were asked for.` };
  }
  const bySize = Math.ceil(inputBytes / inputBytesPerPartition);
  const count = Math.max(2, Math.min(slotCount, bySize));
  return {
    count,
    reason:
      `${count} reduce tasks: one for every ${inputBytesPerPartition} bytes of input, ` +
      `at most one a slot (${slotCount}), at least 2.`,
  };
}
