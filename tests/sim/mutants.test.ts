import { describe, expect, it } from "vitest";
import { mutants, type Mutant } from "./mutants.js";
import { runSeed } from "./run-seed.js";

const seedsMax = 300;

describe("a planted bug is found by the checker that is there for it", () => {
  it.each(mutants)("$bug", (mutant) => {
    const { found, seed } = hunt(mutant);
    expect(found, `seeds 1 to ${seed} found ${found.join(", ") || "nothing"}`).toEqual(
      expect.arrayContaining([expect.stringMatching(`^(${mutant.killers.join("|")})$`)]),
    );
  });
});

/** Tries seeds until one of the named checkers speaks. */
function hunt(mutant: Mutant): { found: string[]; seed: number } {
  const found = new Set<string>();
  for (let seed = 1; seed <= seedsMax; seed++) {
    for (const { checker } of runSeed(seed, mutant.step).violations) found.add(checker);
    if (mutant.killers.some((killer) => found.has(killer))) return { found: [...found], seed };
  }
  return { found: [...found], seed: seedsMax };
}
