import type { ReduceContext } from "./context.js";
import type { ParamValue } from "#shared/model/job";
import type { JobKey, JobValue } from "./values.js";

type AnyParams = Readonly<Record<string, ParamValue>>;

/** A reducer over several inputs: all values of a key, apart by the input that they came from. */
export interface Cogroup {
  readonly kind: "cogroup";
  readonly reduce: CogroupFunction<JobKey, Readonly<Record<string, readonly JobValue[]>>, unknown>;
}

/** `groups` has an array for each name in `inputs`, empty where the key has none there. */
export type CogroupFunction<Key, Groups, Params> = {
  method(key: Key, groups: Groups, context: ReduceContext<Params>): void | Promise<void>;
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
>(reduce: CogroupFunction<Key, Groups, AnyParams>): Cogroup {
  return { kind: "cogroup", reduce };
}

type LeftJoin<Key, Left, Right> = JoinFunction<Key, Left, Right | null, AnyParams>;
type RightJoin<Key, Left, Right> = JoinFunction<Key, Left | null, Right, AnyParams>;
type FullJoin<Key, Left, Right> = JoinFunction<Key, Left | null, Right | null, AnyParams>;

/**
 * Joins two inputs, the first in `inputs` being the left one. The left values of one key are held in
 * memory, the right ones stream: put the larger input second.
 */
export function join<Left extends JobValue, Right extends JobValue, Key extends JobKey = string>(
  type: "inner",
  reduce: JoinFunction<Key, Left, Right, AnyParams>,
): Join;
export function join<Left extends JobValue, Right extends JobValue, Key extends JobKey = string>(
  type: "left",
  reduce: LeftJoin<Key, Left, Right>,
): Join;
export function join<Left extends JobValue, Right extends JobValue, Key extends JobKey = string>(
  type: "right",
  reduce: RightJoin<Key, Left, Right>,
): Join;
export function join<Left extends JobValue, Right extends JobValue, Key extends JobKey = string>(
  type: "full",
  reduce: FullJoin<Key, Left, Right>,
): Join;
export function join(type: JoinType, reduce: unknown): Join {
  return { kind: "join", type, reduce: reduce as Join["reduce"] };
}
