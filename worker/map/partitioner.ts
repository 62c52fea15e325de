import type { AnyStep } from "#shared/authoring/any-job";
import { fault } from "#shared/errors/fault";
import {
  decodeKey,
  encodeKey,
  keyKindNames,
  keyKindOf,
  keyKinds,
  type KeyKind,
} from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import type { Boundaries } from "#shared/model/split";
import { hashBytes, partitionOfHash } from "#worker/runs/hash";
import { mixedKinds } from "#worker/runs/run-cursor";
import { rangeOf } from "./ranges.js";

/** Says which reduce task an encoded key goes to. */
export interface Partitioner {
  /** @param hash `hashBytes` of the key, where it is known already */
  of(kind: KeyKind, bytes: Buffer, start: number, end: number, hash?: number): number;
}

/**
 * The job's partitioner: its function, its ranges, or the hash of the key.
 * @param boundaries of a step with total order: the ranges that its plan chose
 */
export function makePartitioner(
  partition: AnyStep["partition"],
  params: unknown,
  partitionCount: number,
  boundaries?: Boundaries,
): Partitioner {
  if (boundaries !== undefined) return plannedPartitioner(boundaries, partitionCount);
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

/** @throws MR_PARTITION_INVALID when the plan does not fit itself */
function plannedPartitioner({ keyKind, keys }: Boundaries, partitionCount: number): Partitioner {
  if (keys.length !== partitionCount - 1) {
    throw fault("MR_PARTITION_INVALID", "planned ranges of keys do not fit the partitions", {
      boundaries: keys.length,
      partitionCount,
    });
  }
  const wanted = keyKinds[keyKind];
  const encoded = keys.map((key) => Buffer.from(key, "base64"));
  if (encoded.some((key, at) => at > 0 && Buffer.compare(encoded[at - 1] as Buffer, key) > 0)) {
    throw fault("MR_PARTITION_INVALID", "planned ranges of keys do not ascend");
  }
  const find = rangeOf(encoded);
  return {
    of(kind, bytes, start, end) {
      if (wanted !== keyKinds.none && kind !== wanted) throw mixedKinds(wanted, kind);
      return find(bytes, start, end);
    },
  };
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
  const find = rangeOf(encoded);
  return {
    of(keyKind, bytes, start, end) {
      if (keyKind !== kind) {
        const [have, want] = [keyKindNames[keyKind], keyKindNames[kind]];
        throw fault(
          "MR_PARTITION_INVALID",
          `byRange() boundaries are ${want} keys, but the key is ${have}`,
        );
      }
      return find(bytes, start, end);
    },
  };
}
