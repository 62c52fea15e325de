/** A file that `millrace init` writes. */
export interface NewFile {
  /** From the folder that it is written into, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** A kind of job to begin with. */
export interface Template {
  /** One sentence. */
  readonly about: string;
  /** The job file, its test and its sample input. */
  readonly files: (name: string) => readonly NewFile[];
  /** What stands behind `millrace run NAME.ts` to run it over the sample. */
  readonly inputs: (name: string) => string;
}

export function newFile(path: string, lines: readonly string[]): NewFile {
  return { path, text: lines.map((line) => `${line}\n`).join("") };
}
