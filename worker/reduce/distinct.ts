import { Scratch } from "#shared/format/scratch";
import type { GroupReader } from "#worker/runs/groups";
import { hasKey } from "#worker/runs/record-view";

/** Counts the different values of groups whose composite keys hold the values: equal ones are neighbours. */
export class DistinctCounter {
  readonly #last = new Scratch(256);

  /** The number of different values of the present group, all of whose values it takes. */
  count(groups: GroupReader, onValue: () => void): number {
    const last = this.#last;
    let count = 0;
    while (groups.nextValue()) {
      onValue();
      const { record } = groups;
      if (count > 0 && hasKey(record, last.bytes, last.length)) continue;
      count++;
      last.length = 0;
      last.append(record.bytes, record.keyStart, record.keyEnd);
    }
    return count;
  }
}
