import type { NumberAggregateName } from "#shared/authoring/aggregates";
import type { Scratch } from "#shared/format/scratch";
import {
  encodeNumber,
  encodePartialAll,
  encodePartialCount,
  encodePartialMean,
} from "#shared/format/value";
import { foldsOf, type Fold } from "#worker/runs/aggregate-all";

/** Aggregates that the combine table folds: a fixed number of doubles a key. */
export type FoldedAggregate =
  | { readonly name: NumberAggregateName }
  | { readonly name: "all"; readonly parts: readonly NumberAggregateName[] };

/** Appends the partial result in `totals[at]` and on. */
export type EncodeTotals = (into: Scratch, totals: Float64Array, at: number) => void;

export function operationsOf(aggregate: FoldedAggregate): readonly Fold[] {
  if (aggregate.name === "all") return aggregate.parts.flatMap((part) => foldsOf[part]);
  // Only ones are given to it: added up they are the count.
  return aggregate.name === "count" ? ["add"] : foldsOf[aggregate.name];
}

/** Whether values are counted only, so that they need not be numbers. */
export function takesAnyValue(aggregate: FoldedAggregate): boolean {
  return aggregate.name === "count";
}

/** How the table's totals become a partial result that can be combined again. */
export function totalsEncoder(aggregate: FoldedAggregate): EncodeTotals {
  switch (aggregate.name) {
    case "mean":
      return (into, totals, at) => encodePartialMean(into, totals[at] ?? 0, totals[at + 1] ?? 0);
    case "count":
      return (into, totals, at) => encodePartialCount(into, totals[at] ?? 0);
    case "all": {
      const own = new Float64Array(operationsOf(aggregate).length);
      return (into, totals, at) => {
        for (let index = 0; index < own.length; index++) own[index] = totals[at + index] ?? 0;
        encodePartialAll(into, own);
      };
    }
    default:
      return (into, totals, at) => encodeNumber(into, totals[at] ?? 0);
  }
}
