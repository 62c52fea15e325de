import type { SideAs } from "#shared/model/formats";
import type { FormerRecord } from "./steps.js";
import type { JobKey, JobValue, JsonValue } from "./values.js";

/**
 * A small input that every task gets whole, as `context.side.NAME`. Its files are given at submit,
 * `--side NAME=FILE`, and pinned in the version that they have then. Together 256 MiB at most.
 */
export interface Side<Value> {
  readonly kind: "side";
  readonly as: SideAs;
  /** Whether it is the output of the step before instead of a file. */
  readonly isFormer: boolean;
  /** Only for the type checker; never set. */
  readonly value?: Value;
}

export type SideSpecs = Readonly<Record<string, Side<unknown>>>;

export type SidesOf<Specs extends SideSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends Side<infer Value> ? Value : never;
};

function side<Value>(as: SideAs): Side<Value> {
  return { kind: "side", as, isFormer: false };
}

/** The content as text, several files one after another. */
export const sideText = (): Side<string> => side("text");
/** The lines, without their ends. */
export const sideLines = (): Side<readonly string[]> => side("lines");
/** The JSON value in the file. */
export const sideJson = <Value = JsonValue>(): Side<Value> => side("json");
/** Tab-separated columns: the first one leads to the second one. A later line wins over an earlier. */
export const sideTable = (): Side<ReadonlyMap<string, string>> => side("table");
/** Rows of a CSV file with a header, as objects. */
export const sideCsv = (): Side<readonly Readonly<Record<string, string>>[]> => side("csv");
/** All records of the step before (in a repeated step: of the round before), in the order of its parts. */
export const sideFormer = <Key extends JobKey, Value extends JobValue>(): Side<
  readonly FormerRecord<Key, Value>[]
> => ({ kind: "side", as: "records", isFormer: true });
