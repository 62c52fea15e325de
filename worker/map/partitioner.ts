import type { AnyStep } from "#shared/authoring/any-job";
import { fault } from "#shared/errors/fault";
import { decodeKey, encodeKey, keyKindNames, keyKindOf, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { hashBytes, partitionOfHash } from "#worker/runs/hash";
import { compareBytes } from "#worker/runs/record-view";

/** Says which reduce task an encoded key goes to. */
export interface Partitioner {
  /** @param hash `hashBytes` of the key, where it is known already */
  of(kind: KeyKind, bytes: Buffer, start: number, end: number, hash?: number): number;
}

/** The job's partitioner: its function, its ranges, or the hash of the key. */
export function makePartitioner(
  partition: AnyStep["partition"],
  params: unknown,
  partitionCount: number,
): Partitioner {
  if (partitionCount === 1) return { of: () => 0 };
  if (partition === undefined) {
    return {
      of: (_kind, bytes, start, end, hash) =>
        partitionOfHash(hash ?? hashBytes(bytes, start, end), partitionCount),
    };
  }
  if (typeof partition === "function") return userPartitioner(partition, partitionCount);
  return rangePartitioner(partition.boundaries(params), partitionCount);
}

function userPartitioner(
  partition: (key: string | number | Uint8Array, partitionCount: number) => number,
  partitionCount: number,
): Partitioner {
  return {
    of(kind, bytes, start, end) {
      const chosen = partition(decodeKey(kind, bytes, start, end), partitionCount);
      if (Number.isInteger(chosen) && chosen >= 0 && chosen < partitionCount) return chosen;
      throw fault(
        "MR_PARTITION_INVALID",
        `partition() returned ${String(chosen)}; allowed: an integer from 0 to ${partitionCount - 1}`,
      );
    },
  };
}

function rangePartitioner(
  boundaries: readonly (string | number | Uint8Array)[],
  partitionCount: number,
): Partitioner {
  if (boundaries.length !== partitionCount - 1) {
    throw fault(
      "MR_PARTITION_INVALID",
      `byRange() has ${boundaries.length} boundaries; ${partitionCount} partitions need ${partitionCount - 1}`,
    );
  }
  const kind = keyKindOf(boundaries[0]);
  const encoded = boundaries.map((boundary, index) => {
    const own = keyKindOf(boundary);
    if (own !== kind) {
      const [first, other] = [keyKindNames[kind], keyKindNames[own]];
      throw fault("MR_PARTITION_INVALID", `byRange() mixes ${first} and ${other} boundaries`, {
        index,
      });
    }
    const scratch = new Scratch(16);
    encodeKey(scratch, boundary);
    return scratch.bytes.subarray(0, scratch.length);
  });
  encoded.forEach((boundary, index) => {
    const before = encoded[index - 1];
    if (before !== undefined && Buffer.compare(before, boundary) > 0) {
      throw fault("MR_PARTITION_INVALID", "byRange() boundaries must ascend", { index });
    }
  });
  return {
    of(keyKind, bytes, start, end) {
      if (keyKind !== kind) {
        const [have, want] = [keyKindNames[keyKind], keyKindNames[kind]];
        throw fault(
          "MR_PARTITION_INVALID",
          `byRange() boundaries are ${want} keys, but the key is ${have}`,
        );
      }
      let low = 0;
      let high = encoded.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const boundary = encoded[middle] as Buffer;
        if (compareBytes(boundary, 0, boundary.length, bytes, start, end, 0) <= 0) low = middle + 1;
        else high = middle;
      }
      return low;
    },
  };
}
