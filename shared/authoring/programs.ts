/**
 * A command in any language as mapper, combiner or reducer, by the conventions of Hadoop Streaming:
 * lines on its standard input and output, key and value parted by a tab, keys sorted.
 */
export interface Program {
  readonly kind: "program";
  /** Run by `bash` with `pipefail`, in a folder of the attempt's own that has the job's `files`. */
  readonly command: string;
  /** Separator of key and value in lines that it reads and writes; a tab unless told. */
  readonly separator: string;
  /** How many fields of a line that it writes are the key; 1 unless told. */
  readonly keyFields: number;
  /** How many of them choose the partition; absent: all. */
  readonly partitionFields?: number;
}

export interface ProgramOptions {
  readonly separator?: string;
  readonly keyFields?: number;
  readonly partitionFields?: number;
}

/** @see Program */
export const program = (command: string, options: ProgramOptions = {}): Program => ({
  kind: "program",
  command,
  separator: "\t",
  keyFields: 1,
  ...options,
});
