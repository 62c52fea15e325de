import type { ReduceContext } from "./context.js";
import type { ParamValue } from "#shared/model/job";
import type { JobKey, JobValue } from "./values.js";

type AnyParams = Readonly<Record<string, ParamValue>>;

/** A reducer over several inputs: all values of a key, apart by the input that they came from. */
export interface Cogroup {
  readonly kind: "cogroup";
  readonly reduce: CogroupFunction<JobKey, unknown>;
}

/** `groups` has an array for each name in `inputs`, empty where the key has none there. */
export type CogroupFunction<Key, Params> = {
  method(
    key: Key,
    groups: Readonly<Record<string, readonly never[]>>,
    context: ReduceContext<Params>,
  ): void | Promise<void>;
}["method"];

/** A reducer over exactly two inputs, called for each pair of values of one key. */
export interface Join {
  readonly kind: "join";
  readonly type: JoinType;
  readonly reduce: JoinFunction<JobKey, unknown, unknown, unknown>;
}

/** Which keys take part when one of the inputs has no value of them; the missing side is null. */
export type JoinType = "inner" | "left" | "right" | "full";

export type JoinFunction<Key, Left, Right, Params> = {
  method(key: Key, left: Left, right: Right, context: ReduceContext<Params>): void | Promise<void>;
}["method"];

/**
 * Groups the values of a key by input: `reduce: cogroup((id, { orders, customers }, { emit }) => …)`.
 * The values of one key are held in memory.
 */
export function cogroup<
  Groups extends Readonly<Record<string, readonly JobValue[]>>,
  Key extends JobKey = string,
>(
  reduce: (key: Key, groups: Groups, context: ReduceContext<AnyParams>) => void | Promise<void>,
): Cogroup {
  return { kind: "cogroup", reduce: reduce as unknown as Cogroup["reduce"] };
}

/**
 * Joins two inputs, the first in `inputs` being the left one. The left values of one key are held in
 * memory, the right ones stream: put the larger input second.
 */
export function join<Left extends JobValue, Right extends JobValue, Key extends JobKey = string>(
  type: "inner",
  reduce: (
    key: Key,
    left: Left,
    right: Right,
    context: ReduceContext<AnyParams>,
  ) => void | Promise<void>,
): Join;
export function join<Left extends JobValue, Right extends JobValue, Key extends JobKey = string>(
  type: "left",
  reduce: (
    key: Key,
    left: Left,
    right: Right | null,
    context: ReduceContext<AnyParams>,
  ) => void | Promise<void>,
): Join;
export function join<Left extends JobValue, Right extends JobValue, Key extends JobKey = string>(
  type: "right",
  reduce: (
    key: Key,
    left: Left | null,
    right: Right,
    context: ReduceContext<AnyParams>,
  ) => void | Promise<void>,
): Join;
export function join<Left extends JobValue, Right extends JobValue, Key extends JobKey = string>(
  type: "full",
  reduce: (
    key: Key,
    left: Left | null,
    right: Right | null,
    context: ReduceContext<AnyParams>,
  ) => void | Promise<void>,
): Join;
export function join(type: JoinType, reduce: unknown): Join {
  return { kind: "join", type, reduce: reduce as Join["reduce"] };
}
