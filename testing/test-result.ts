import type { JobKey, JobValue } from "#shared/authoring/values";

export interface TestRecord {
  readonly key: JobKey;
  readonly value: JobValue;
}

/** What went to one output. */
export interface TestOutput {
  /** As emitted, in the order of the parts. */
  readonly records: readonly TestRecord[];
  /** The bytes of the parts, one after another, decompressed. */
  readonly text: string;
}

/** The main output, and what is beside it. */
export interface TestResult extends TestOutput {
  /** Named outputs of the job. */
  readonly outputs: Readonly<Record<string, TestOutput>>;
  /** Text of each part by its name, `part-00000` or `date=2015-05-17/part-00000`. */
  readonly files: Readonly<Record<string, string>>;
  /** What the job counted, by its own names. */
  readonly counters: Readonly<Record<string, number>>;
}
