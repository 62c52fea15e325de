import type { Partitioner } from "#worker/map/partitioner";

/**
 * Chooses the partition by the first fields of a key alone, so that keys that agree in them go to one
 * reducer.
 */
export function byFirstFields(
  partitioner: Partitioner,
  separator: string,
  fieldCount: number,
): Partitioner {
  const part = separator.charCodeAt(0);
  return {
    of(kind, bytes, start, end) {
      let fields = 0;
      let at = start;
      for (; at < end; at++) if (bytes[at] === part && ++fields === fieldCount) break;
      return partitioner.of(kind, bytes, start, at);
    },
  };
}
