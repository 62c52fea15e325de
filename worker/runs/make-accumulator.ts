import type { AggregateSpec } from "#shared/authoring/aggregates";
import { fault } from "#shared/errors/fault";
import type { Accumulator } from "./accumulator.js";
import { AllAccumulator } from "./aggregate-all.js";
import { CollectAccumulator } from "./aggregate-collect.js";
import { FirstAccumulator } from "./aggregate-first.js";
import { HistogramAccumulator } from "./aggregate-histogram.js";
import { NumberAccumulator } from "./aggregate-number.js";
import { TopAccumulator } from "./aggregate-top.js";

/**
 * What folds the values of one group after another as `spec` says.
 * @throws MR_INTERNAL for `distinct`, which counts values that are sorted instead of holding them
 */
export function makeAccumulator(spec: AggregateSpec): Accumulator {
  switch (spec.name) {
    case "all":
      return new AllAccumulator(spec.parts);
    case "topK":
      return new TopAccumulator(spec.limit);
    case "collect":
      return new CollectAccumulator(spec.limit);
    case "first":
      return new FirstAccumulator();
    case "histogram":
      return new HistogramAccumulator(spec.bounds);
    case "distinct":
      throw fault("MR_INTERNAL", "distinct() needs sorted values");
    default:
      return new NumberAccumulator(spec.name);
  }
}
