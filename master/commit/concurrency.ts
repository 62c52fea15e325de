/** Renames are synced to disk in groups: many at a time cost little more than one. */
const atATime = 64;

/** Does the work for every item, many at a time; the first failure is thrown when all have ended. */
export async function spread<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const walk = async (): Promise<void> => {
    while (failures.length === 0) {
      const item = items[next++];
      if (item === undefined) return;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, walk));
  if (failures.length > 0) throw failures[0];
}

const last = new Map<string, Promise<unknown>>();

/** Runs work for one name after another: two jobs must not commit into one folder at once. */
export async function inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const before = last.get(name) ?? Promise.resolve();
  // A failure before is its own caller's affair.
  const mine = before.catch(() => undefined).then(work);
  last.set(name, mine);
  try {
    return await mine;
  } finally {
    if (last.get(name) === mine) last.delete(name);
  }
}
