import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";

export type { Logger } from "pino";

export interface LogOptions {
  readonly level: string;
  /** File to append to; null writes to standard error. */
  readonly file: string | null;
  /** On every line: the program, `master` or `worker`, and what tells two of them apart. */
  readonly base: Readonly<Record<string, string | number>>;
}

/** Field names whose values never reach a log, at the top and one level down. */
const secretFields = ["token", "authorization", "Authorization", "cookie", "password", "secret"];

/**
 * The root logger: JSON lines; the message is a constant phrase, what varies is a field. Write
 * errors as field `err`.
 * @param stream for tests; absent: as the options say
 */
export function createLogger(options: LogOptions, stream?: DestinationStream): Logger {
  const target =
    stream ??
    (options.file === null
      ? destination({ dest: 2, sync: true })
      : destination({ dest: options.file, sync: true, append: true, mkdir: true }));
  return pino(
    {
      level: options.level,
      base: { ...options.base },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          ...secretFields,
          ...secretFields.map((field) => `*.${field}`),
          ...secretFields.map((field) => `*.headers.${field}`),
          ...secretFields.map((field) => `headers.${field}`),
        ],
        censor: "(hidden)",
      },
    },
    target,
  );
}

/** A child that names the component on every line. */
export function componentLogger(root: Logger, component: string): Logger {
  return root.child({ component });
}

/** Says nothing; for tests and for code that runs without a log. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}
