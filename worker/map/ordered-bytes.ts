import type { JobValue } from "#shared/authoring/values";
import { fault } from "#shared/errors/fault";
import { encodeSortKey, invertFrom } from "#shared/format/ordered-value";
import type { Scratch } from "#shared/format/scratch";
import { encodeValue } from "#shared/format/value";
import type { ValueOrder } from "#worker/runs/order-values";

/** Writes the order bytes of emitted values. One class for every order, so that its caller sees one. */
export class OrderBytes {
  /** Whether the order bytes hold the value, and nothing else need be stored. */
  readonly holdsValue: boolean;
  /** Whether the order bytes depend on the value; `append` may otherwise be given anything. */
  readonly needsValue: boolean;

  /** @param sourceIndex of the input that the attempt reads */
  constructor(
    readonly order: ValueOrder,
    readonly sourceIndex: number,
  ) {
    this.holdsValue = order.kind === "distinct";
    this.needsValue = order.kind !== "sources";
  }

  /** @throws MR_VALUE_INVALID when the value has no order, or what `sortValues` throws */
  append(into: Scratch, value: unknown): void {
    const { order } = this;
    if (order.kind === "sources") {
      into.reserve(1)[into.length] = this.sourceIndex;
      into.length++;
    } else if (order.kind === "distinct") {
      appendCanonical(into, value);
    } else {
      const start = into.length;
      const emitted = value === undefined ? null : value;
      const { sortKeyOf } = order;
      encodeSortKey(into, sortKeyOf === null ? emitted : checked(sortKeyOf(emitted as JobValue)));
      if (order.isDescending) invertFrom(into, start);
    }
  }
}

/** Numbers that are the same value, as `Set` has it, in one encoding: -0 and 0, and every NaN. */
function appendCanonical(into: Scratch, value: unknown): void {
  if (typeof value !== "number") encodeValue(into, value);
  else encodeValue(into, value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value);
}

function checked(sortKey: unknown): unknown {
  if (!(sortKey instanceof Promise)) return sortKey;
  // What it may reject with says less than that it is there.
  sortKey.catch(() => undefined);
  throw fault("MR_JOB_INVALID", "sortValues returned a promise; it must be synchronous");
}
