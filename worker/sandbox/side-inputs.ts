import type { AnyStep } from "#shared/authoring/any-job";
import { Fault, fault, messageOf } from "#shared/errors/fault";
import type { SideSpec } from "#shared/model/job";
import type { InputRange } from "#shared/model/split";
import type { AttemptOrder } from "./orders.js";
import { readSide, SideBudget } from "./side-values.js";

/** Values of side inputs by name. */
export type Sides = Readonly<Record<string, unknown>>;

interface Kept {
  readonly value: unknown;
  readonly sizeBytes: number;
}

/**
 * Side inputs of the job that a thread works for, kept from attempt to attempt. A value is known by how
 * and from which files, in which version, it was read; so the rounds of a repeated step share it, too.
 */
export class SideInputs {
  #kept = new Map<string, Kept>();

  /**
   * What `context.side` of an attempt is: exactly the names that the step declares.
   * @throws MR_JOB_INVALID when one was not given; MR_INPUT_CHANGED, MR_INPUT_CORRUPT and others of
   * reading, naming the side input
   */
  async load(step: AnyStep, { spec, sides = [] }: SideOrder): Promise<Sides> {
    const budget = new SideBudget();
    const known = this.#kept;
    const present = new Map<string, Kept>();
    // What this attempt does not need makes room before anything else is read.
    this.#kept = present;
    const values = Object.create(null) as Record<string, unknown>;
    for (const name of Object.keys(step.side ?? {})) {
      const index = (spec.sides ?? []).findIndex((side) => side.name === name);
      const [side, files] = [spec.sides?.[index], sides[index]];
      if (side === undefined || files === undefined) throw notGiven(name);
      const key = keyOf(side, files);
      const kept = known.get(key) ?? (await read(side, files));
      budget.take(kept.sizeBytes);
      present.set(key, kept);
      values[name] = kept.value;
    }
    return Object.freeze(values);
  }
}

/** What of an order side inputs are read from. */
type SideOrder = Pick<AttemptOrder, "spec" | "sides">;

async function read({ name, as }: SideSpec, files: readonly InputRange[]): Promise<Kept> {
  const budget = new SideBudget();
  try {
    const value = await readSide(as, files, budget);
    return { value, sizeBytes: budget.usedBytes };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw fault(error.code, `side input ${name}: ${messageOf(error)}`, {}, error);
  }
}

function keyOf({ as }: SideSpec, files: readonly InputRange[]): string {
  return JSON.stringify([as, files.map(({ location, version }) => [location, version])]);
}

function notGiven(name: string): Error {
  return fault(
    "MR_JOB_INVALID",
    `side input ${name} is declared by the job but was not given; allowed: --side ${name}=FILE`,
  );
}
