import { sourcesOf, type AnyStep, type SortKey } from "#shared/authoring/any-job";
import type { JobValue } from "#shared/authoring/values";

/**
 * What the values of a key are in order by, in a step where their order matters. The keys that such a
 * step stores are composite, see `order-keys.ts`.
 */
export type ValueOrder =
  /** By what `sortKeyOf` makes of a value, or by the value itself where there is none. */
  | {
      readonly kind: "values";
      readonly isDescending: boolean;
      readonly sortKeyOf: ((value: JobValue) => SortKey) | null;
    }
  /** By the encoded value: equal ones are neighbours. The value itself is not stored. */
  | { readonly kind: "distinct" }
  /** By the input that they came from: one byte, its index. */
  | { readonly kind: "sources" };

/** Null where values keep the order of map task and emission, and keys are stored as they are. */
export function valueOrderOf(step: AnyStep): ValueOrder | null {
  const { reduce, sortValues } = step;
  if (typeof reduce === "object") {
    if (reduce.kind === "cogroup" || reduce.kind === "join") return { kind: "sources" };
    if (reduce.kind === "aggregate" && reduce.spec.name === "distinct") return { kind: "distinct" };
  }
  if (sortValues === undefined) return null;
  return {
    kind: "values",
    isDescending: sortValues === "descending",
    sortKeyOf: typeof sortValues === "function" ? sortValues : null,
  };
}

/** Names of the inputs, in the order in which `cogroup` and `join` see them. */
export function sourceNames(step: AnyStep): readonly string[] {
  return sourcesOf(step).map(({ name }) => name);
}
