import type { Answer } from "./words.js";

export interface NamedAnswer {
  readonly name: string;
  readonly answer: Answer;
}

/**
 * Whether all gave the same, sorted answer.
 * @param expected what the input itself says the digest must be; null: what most say
 * @returns one sentence for each that differs
 */
export function disagreements(
  answers: readonly NamedAnswer[],
  expected: string | null,
): readonly string[] {
  const right = expected ?? mostCommon(answers.map(({ answer }) => answer.digest));
  const found = new Set<string>();
  for (const { name, answer } of answers) {
    if (answer.digest !== right) found.add(`${name} differs: ${answer.digest} instead of ${right}`);
    if (answer.disorder !== null) found.add(`${name} is out of order: ${answer.disorder}`);
  }
  return [...found];
}

function mostCommon(digests: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const digest of digests) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  let best: string | null = null;
  for (const [digest, count] of counts) {
    if (best === null || count > (counts.get(best) ?? 0)) best = digest;
  }
  return best;
}
