/** The one entry that users import: `import { defineJob, text, tsv, sum } from "millrace"`. */
export { defineJob, types } from "./job.js";
export type {
  JobDefinition,
  JobFrame,
  MakeStep,
  NamedStep,
  RecordTypes,
  StepDefinition,
} from "./job.js";
export type { Job, PartitionFolders, SortKey, Source } from "./any-job.js";
export type {
  CleanupFunction,
  CombineContext,
  CombineFunction,
  MapContext,
  MapFunction,
  PartitionFunction,
  ReduceContext,
  ReduceFunction,
  SetupFunction,
  TaskContext,
} from "./context.js";
export {
  fixedLength,
  former,
  jsonl,
  lineBatches,
  lineChunks,
  recordFiles,
  text,
  wholeFile,
} from "./readers.js";
export type { FixedRecord, Reader, TextOptions } from "./readers.js";
export { csv, tsv } from "./formats.js";
export type { CsvOptions, Format, TsvOptions } from "./formats.js";
export { jsonLines, plainLines, raw, records } from "./writers.js";
export type { CompressOption, Writer } from "./writers.js";
export {
  all,
  collect,
  count,
  distinct,
  first,
  histogram,
  identity,
  max,
  mean,
  min,
  sum,
  topK,
} from "./aggregates.js";
export type { Aggregate, AggregateName, Identity, NumberAggregate } from "./aggregates.js";
export { csvColumns, fields, jsonFields, regex, words } from "./mappers.js";
export type {
  BuiltinMapper,
  CsvColumnsOptions,
  FieldsOptions,
  JsonFieldsOptions,
  RegexOptions,
  WordsOptions,
} from "./mappers.js";
export { cogroup, join } from "./joins.js";
export type { Cogroup, Join, JoinType } from "./joins.js";
export { program } from "./programs.js";
export type { Program, ProgramOptions, ShippedFile } from "./programs.js";
export { sideCsv, sideFormer, sideJson, sideLines, sideTable, sideText } from "./sides.js";
export type { Side, SideSpecs, SidesOf } from "./sides.js";
export type { FormerRecord, FormerStep, Repeat } from "./steps.js";
export { byRange } from "./partitioners.js";
export type { RangePartitioner } from "./partitioners.js";
export type { ParamsOf, ParamSpecs } from "./params.js";
export type { JobKey, JobValue, JsonValue } from "./values.js";
