import type { AttemptResult, Part } from "#shared/model/result";

/** As results were journalled when an attempt had one part at most. */
interface FormerResult extends Omit<AttemptResult, "parts"> {
  readonly part: Part | null;
}

/** A result in the present form, whenever it was journalled. */
export function presentResult(journalled: AttemptResult | FormerResult): AttemptResult {
  if ("parts" in journalled) return journalled;
  const { part, ...rest } = journalled;
  return { ...rest, parts: part === null ? [] : [part] };
}
