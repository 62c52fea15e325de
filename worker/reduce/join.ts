import type { Join } from "#shared/authoring/joins";
import { decodeValue } from "#shared/format/value";
import type { GroupWalk } from "./group-walk.js";
import { HeldBudget, HeldValues } from "./held-values.js";

/** Of composite keys of a step with several inputs, the last byte is the input's index. */
const leftIndex = 0;

/**
 * Calls the user's function for each pair of values of a key: for one right value after another, with
 * every left one. Left values of a key come first, and are held; right ones stream.
 */
export async function joinGroups(
  { type, reduce }: Join,
  walk: GroupWalk,
  leftName: string,
): Promise<void> {
  const { groups, context } = walk;
  const keepsLeft = type === "left" || type === "full";
  const keepsRight = type === "right" || type === "full";
  const alone: readonly unknown[] = [null];
  while (groups.nextGroup()) {
    const key = walk.key();
    const left = new HeldValues(new HeldBudget(walk.heldBytesMax), leftName);
    let hasRight = false;
    while (groups.nextValue()) {
      walk.onValue();
      const { bytes, keyEnd, valueStart, valueEnd } = groups.record;
      if (bytes[keyEnd - 1] === leftIndex) {
        left.add(groups.record, key);
        continue;
      }
      hasRight = true;
      const partners = left.values.length === 0 ? alone : left.values;
      if (partners === alone && !keepsRight) continue;
      const right = decodeValue(bytes, valueStart, valueEnd);
      for (const partner of partners) {
        walk.onCall();
        const pending = reduce(key, partner, right, context);
        if (pending !== undefined) await pending;
        const full = walk.settle();
        if (full !== null) await full;
      }
    }
    if (hasRight || !keepsLeft) continue;
    for (const value of left.values) {
      walk.onCall();
      const pending = reduce(key, value, null, context);
      if (pending !== undefined) await pending;
      const full = walk.settle();
      if (full !== null) await full;
    }
  }
}
