import type { Cogroup } from "#shared/authoring/joins";
import type { JobValue } from "#shared/authoring/values";
import type { GroupWalk } from "./group-walk.js";
import { HeldBudget, HeldValues } from "./held-values.js";

/**
 * Calls the user's function for each key with its values, an array for each input.
 * @param names of the inputs, in the order of their indexes
 */
export async function cogroupGroups(
  { reduce }: Cogroup,
  walk: GroupWalk,
  names: readonly string[],
): Promise<void> {
  const { groups, context } = walk;
  while (groups.nextGroup()) {
    const key = walk.key();
    const budget = new HeldBudget(walk.heldBytesMax);
    const held = names.map((name) => new HeldValues(budget, name));
    while (groups.nextValue()) {
      walk.onValue();
      const { bytes, keyEnd } = groups.record;
      // Of composite keys of a step with several inputs, the last byte is the input's index.
      held[bytes[keyEnd - 1] ?? 0]?.add(groups.record, key);
    }
    const byName: Record<string, readonly JobValue[]> = {};
    for (const { inputName, values } of held) byName[inputName] = values;
    walk.onCall();
    const pending = reduce(key, byName, context);
    if (pending !== undefined) await pending;
    const full = walk.settle();
    if (full !== null) await full;
  }
}
