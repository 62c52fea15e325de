import { fault } from "#shared/errors/fault";
import { limits } from "#shared/model/limits";
import type { Counters } from "#shared/model/result";

/** Counters of the user's code in one attempt; their names are bounded in number and length. */
export class UserCounters {
  readonly #amounts = new Map<string, number>();

  /** @throws MR_VALUE_INVALID naming the counter and what is allowed */
  count(name: string, amount = 1): void {
    const before = this.#amounts.get(name);
    if (before === undefined) this.#check(name);
    if (typeof amount !== "number" || !Number.isFinite(amount)) {
      throw fault(
        "MR_VALUE_INVALID",
        `count("${name}") takes a finite number, not ${String(amount)}`,
      );
    }
    this.#amounts.set(name, (before ?? 0) + amount);
  }

  /** As counters of the job: `user.<name>`. */
  addTo(counters: Counters): void {
    for (const [name, amount] of this.#amounts) counters[`user.${name}`] = amount;
  }

  #check(name: unknown): void {
    if (typeof name !== "string" || name.length === 0 || name.length > limits.counterNameCharsMax) {
      throw fault(
        "MR_VALUE_INVALID",
        `a counter's name must be a text of 1 to ${limits.counterNameCharsMax} characters`,
      );
    }
    if (this.#amounts.size >= limits.countersMax) {
      throw fault("MR_VALUE_INVALID", `a job has at most ${limits.countersMax} counters`, { name });
    }
  }
}
