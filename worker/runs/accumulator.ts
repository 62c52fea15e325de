import { fault } from "#shared/errors/fault";
import type { Scratch } from "#shared/format/scratch";
import { valueTags } from "#shared/format/value";

/**
 * What an aggregate has seen of one group, over encoded values: emitted ones and partial results.
 * Partial results of stretches of a group, added in their order, give what all values would have given.
 */
export interface Accumulator {
  /** Forgets everything: a new group begins. */
  reset(): void;
  /**
   * Takes the encoded value `bytes[start, end)`; keeps nothing of `bytes`.
   * @throws MR_VALUE_INVALID when it is of a kind that the aggregate does not take
   * @throws MR_RECORD_TOO_LARGE when what must be held of one group is larger than a value may be
   */
  add(bytes: Buffer, start: number, end: number): void;
  /** Appends the group's result: the final one, or one that can be added again. At least one value was added. */
  encode(into: Scratch, isFinal: boolean): void;
}

/** @param shown the aggregate as the job names it, `sum()` @returns MR_VALUE_INVALID */
export function wrongKind(shown: string, takes: string, tag: number | undefined): Error {
  return fault(
    "MR_VALUE_INVALID",
    `${shown} takes ${takes}, but the value emitted is ${kindOfTag(tag)}`,
  );
}

/** @returns MR_VALUE_INVALID */
export function notANumber(aggregate: string, kind: string): Error {
  return fault(
    "MR_VALUE_INVALID",
    `${aggregate}() takes numbers, but the value emitted is ${kind}`,
  );
}

const kindNames: Record<number, string> = {
  [valueTags.null]: "null",
  [valueTags.false]: "a boolean",
  [valueTags.true]: "a boolean",
  [valueTags.string]: "a string",
  [valueTags.bytes]: "bytes",
  [valueTags.json]: "an array or object",
  [valueTags.integer]: "a number",
  [valueTags.double]: "a number",
};

function kindOfTag(tag: number | undefined): string {
  return kindNames[tag ?? -1] ?? "of another kind";
}
