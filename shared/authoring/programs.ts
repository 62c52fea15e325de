/** A file that is shipped with the job. */
export interface ShippedFile {
  readonly base64: string;
  readonly isExecutable: boolean;
}

/**
 * A command in any language as mapper, combiner or reducer, by the conventions of Hadoop Streaming:
 * lines on its standard input and output, key and value parted by a tab, keys sorted.
 */
export interface Program {
  readonly kind: "program";
  /** Run by `bash` with `pipefail`, in a folder of the attempt's own that has the job's `files`. */
  readonly command: string;
  /** Separator of key and value in lines that it reads and writes, one ASCII character; a tab unless told. */
  readonly separator: string;
  /** How many fields of a line that it writes are the key; 1 unless told. */
  readonly keyFields: number;
  /** How many of them choose the partition; absent: all. */
  readonly partitionFields?: number;
  /** Files by name, without folders, in the folder that it runs in. */
  readonly files?: Readonly<Record<string, ShippedFile>>;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProgramOptions {
  readonly separator?: string;
  readonly keyFields?: number;
  readonly partitionFields?: number;
  readonly files?: Readonly<Record<string, ShippedFile>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** @see Program */
export const program = (command: string, options: ProgramOptions = {}): Program => ({
  kind: "program",
  command,
  separator: "\t",
  keyFields: 1,
  ...options,
});
