/** The one entry that users import: `import { defineJob, text, tsv, sum } from "millrace"`. */
export { defineJob, types } from "./job.js";
export type {
  CleanupFunction,
  CombineContext,
  CombineFunction,
  Job,
  JobDefinition,
  MapContext,
  MapFunction,
  PartitionFunction,
  RecordTypes,
  ReduceContext,
  ReduceFunction,
  SetupFunction,
  TaskContext,
} from "./job.js";
export { fixedLength, jsonl, text, wholeFile } from "./readers.js";
export type { FixedRecord, Reader } from "./readers.js";
export { jsonLines, raw, tsv } from "./writers.js";
export type { Writer } from "./writers.js";
export { count, identity, max, mean, min, sum } from "./aggregates.js";
export type { Aggregate, Identity } from "./aggregates.js";
export { byRange } from "./partitioners.js";
export type { RangePartitioner } from "./partitioners.js";
export type { ParamsOf, ParamSpecs } from "./params.js";
export type { JobKey, JobValue, JsonValue } from "./values.js";
