import type { Boundaries } from "#shared/model/split";
import { chooseBoundaries } from "./boundaries.js";
import type { PartitionChoice } from "./partitions.js";

/** Keys that a look at the input found. */
export interface KeySample {
  /** `none`: it found no key. */
  readonly keyKind: Boundaries["keyKind"];
  /** Encoded, ascending by bytes, as often as they were found. */
  readonly keys: readonly Uint8Array[];
  /** Base64. */
  readonly toText: (key: Uint8Array) => string;
}

export interface OrderedChoice extends PartitionChoice {
  readonly boundaries?: Boundaries;
}

/** With a sample: partitions that are ranges of keys, as many as it can tell apart. */
export function orderPartitions(
  choice: PartitionChoice,
  sample: KeySample | undefined,
): OrderedChoice {
  if (sample === undefined) return choice;
  const { keyKind, keys, toText } = sample;
  const boundaries = chooseBoundaries(keys, choice.count);
  const count = boundaries.length + 1;
  const fewer =
    count === choice.count ? "" : ` Of these ${count}, as the sample has no more ranges of keys.`;
  const how = `in ranges of keys, chosen from a sample of ${keys.length} keys.`;
  return {
    count,
    reason: `${choice.reason}${fewer} They are ${how}`,
    boundaries: { keyKind, keys: boundaries.map(toText) },
  };
}
