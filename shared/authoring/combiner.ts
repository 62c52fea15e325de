import type { AnyStep } from "./any-job.js";

/**
 * What sums up early on the map side: the combiner that the step names, or else the aggregate that is
 * its reducer, whose partial results it understands itself. None where values must stay apart to be
 * sorted. Submission and workers both ask here, so that the plan is right about what runs.
 */
export function combinerOf(step: AnyStep): AnyStep["combine"] {
  const { combine, reduce, sortValues } = step;
  if (combine !== undefined) return combine;
  if (sortValues !== undefined) return undefined;
  return typeof reduce === "object" && reduce.kind === "aggregate" ? reduce : undefined;
}
