/** What is shown of several runs. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError when there is no value */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("no values to summarize");
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * How many times as fast the subject was as the peer, run by run of the same round: what slows the
 * machine for a while slows both of a pair, and so falls out of the ratio.
 * @param subjectMs wall times by round; null where a run failed
 */
export function pairedRatios(
  subjectMs: readonly (number | null)[],
  peerMs: readonly (number | null)[],
): number[] {
  const ratios: number[] = [];
  for (const [round, subject] of subjectMs.entries()) {
    const peer = peerMs[round];
    if (subject !== null && peer !== null && peer !== undefined) ratios.push(peer / subject);
  }
  return ratios;
}

/** The order of a round: rotated, so that nobody always comes first or after the same one. */
export function rotated<Item>(items: readonly Item[], round: number): Item[] {
  const from = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}
