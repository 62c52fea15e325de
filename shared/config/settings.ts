import { randomUUID } from "node:crypto";
import os from "node:os";
import path from "node:path";
import {
  filePath,
  hostName,
  isUnspecified,
  masterAddress,
  matching,
  oneOf,
  size,
  wholeNumber,
  yesOrNo,
  type Parser,
} from "./parsers.js";

export type Program = "master" | "worker" | "cli";

/** What a default may depend on: settings further up in the table. */
export interface DefaultContext {
  readonly cwd: string;
  readonly dataFolder: string;
  readonly workerName: string;
  readonly workerHost: string;
}

/** One row of the table: everything that is to be known about a setting. */
export interface Setting<Value> {
  readonly environment: `MILLRACE_${string}`;
  readonly flag: string;
  readonly about: string;
  readonly usedBy: readonly Program[];
  readonly parser: Parser<NonNullable<Value>>;
  readonly default: (context: DefaultContext) => Value;
  /** The default in words, for the documentation. */
  readonly defaultText: string;
  /** Never shown, logged or named in an error. */
  readonly isSecret?: true;
  /** Made absolute: against the folder of the file that names it, else the current folder. */
  readonly isPath?: true;
}

function setting<Value>(row: Setting<Value>): Setting<Value> {
  return row;
}

/** Letters, digits, `.`, `_`, `-`, as the protocol wants names of workers. */
const hostPart = os
  .hostname()
  .replaceAll(/[^a-zA-Z0-9._-]/g, "-")
  .replace(/^[^a-zA-Z0-9]+/, "");
/** Once per process: whoever loads the settings again gets the same name. */
const generatedName = `${hostPart.slice(0, 40) || "worker"}-${randomUUID().slice(0, 6)}`;

const all: readonly Program[] = ["master", "worker", "cli"];
const hourMs = 3_600_000;
const kib = 1024;

/** Every setting there is. The documentation, the flags and the checks are made from this table. */
export const settingsTable = {
  dataFolder: setting<string>({
    environment: "MILLRACE_DATA",
    flag: "data",
    about: "Folder of bundles, logs and default outputs; all machines must see it.",
    usedBy: all,
    parser: filePath,
    default: ({ cwd }) => path.join(cwd, "millrace-data"),
    defaultText: "./millrace-data",
    isPath: true,
  }),
  journalFolder: setting<string>({
    environment: "MILLRACE_JOURNAL",
    flag: "journal",
    about: "Folder of the master's journal; must be on a local disk, not on a network share.",
    usedBy: ["master"],
    parser: filePath,
    default: ({ dataFolder }) => path.join(dataFolder, "journal"),
    defaultText: "`<data>/journal`",
    isPath: true,
  }),
  host: setting<string>({
    environment: "MILLRACE_HOST",
    flag: "host",
    about: "Address that the master listens on; beyond loopback a token is required.",
    usedBy: ["master"],
    parser: hostName,
    default: () => "127.0.0.1",
    defaultText: "127.0.0.1",
  }),
  port: setting<number>({
    environment: "MILLRACE_PORT",
    flag: "port",
    about: "Port of the master, for REST and for workers; 0 takes any free one.",
    usedBy: ["master"],
    parser: wholeNumber(0, 65_535),
    default: () => 7400,
    defaultText: "7400",
  }),
  token: setting<string | null>({
    environment: "MILLRACE_TOKEN",
    flag: "token",
    about: "Shared secret that clients and workers must show; none on loopback if absent.",
    usedBy: all,
    parser: matching(/^[\x21-\x7e]{8,512}$/, "8 to 512 printable ASCII characters, no spaces"),
    default: () => null,
    defaultText: "none",
    isSecret: true,
  }),
  masterUrl: setting<string>({
    environment: "MILLRACE_MASTER",
    flag: "master",
    about: "Where workers and commands find the master.",
    usedBy: ["worker", "cli"],
    parser: masterAddress,
    default: () => "ws://127.0.0.1:7400",
    defaultText: "ws://127.0.0.1:7400",
  }),
  slots: setting<number>({
    environment: "MILLRACE_SLOTS",
    flag: "slots",
    about: "Attempts that a worker runs at once.",
    usedBy: ["worker"],
    parser: wholeNumber(1, 1024),
    default: () => os.availableParallelism(),
    defaultText: "number of CPUs",
  }),
  slotMemoryBytes: setting<number>({
    environment: "MILLRACE_SLOT_MEMORY",
    flag: "slot-memory",
    about: "Memory that one slot may use, buffers and user code together.",
    usedBy: ["worker"],
    parser: size(64 * kib ** 2, 1024 * kib ** 3),
    default: () => 512 * kib ** 2,
    defaultText: "512MiB",
  }),
  workerName: setting<string>({
    environment: "MILLRACE_WORKER_NAME",
    flag: "worker-name",
    about: "Stable name of a worker, unique in the cluster.",
    usedBy: ["worker"],
    parser: matching(
      /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/,
      "1 to 63 letters, digits, '.', '_' or '-', starting with a letter or digit",
    ),
    default: () => generatedName,
    defaultText: "`<hostname>-<6 random>`",
  }),
  scratchFolder: setting<string>({
    environment: "MILLRACE_SCRATCH",
    flag: "scratch",
    about: "Folder of a worker's own for runs and spills, best on a fast local disk.",
    usedBy: ["worker"],
    parser: filePath,
    default: ({ dataFolder, workerName }) => path.join(dataFolder, "workers", workerName),
    defaultText: "`<data>/workers/<worker-name>`",
    isPath: true,
  }),
  workerHost: setting<string>({
    environment: "MILLRACE_WORKER_HOST",
    flag: "worker-host",
    about: "Address that a worker's run server listens on; beyond loopback a token is required.",
    usedBy: ["worker"],
    parser: hostName,
    default: () => "127.0.0.1",
    defaultText: "127.0.0.1",
  }),
  workerPort: setting<number>({
    environment: "MILLRACE_WORKER_PORT",
    flag: "worker-port",
    about: "Port of a worker's run server; 0 takes any free one.",
    usedBy: ["worker"],
    parser: wholeNumber(0, 65_535),
    default: () => 0,
    defaultText: "0",
  }),
  advertisedHost: setting<string>({
    environment: "MILLRACE_ADVERTISED_HOST",
    flag: "advertised-host",
    about: "Name under which other workers reach this one's run server.",
    usedBy: ["worker"],
    parser: hostName,
    default: ({ workerHost }) => (isUnspecified(workerHost) ? os.hostname() : workerHost),
    defaultText: "worker-host, or the host's name if that is 0.0.0.0",
  }),
  heartbeatMs: setting<number>({
    environment: "MILLRACE_HEARTBEAT_MS",
    flag: "heartbeat-ms",
    about: "Period in which workers report progress.",
    usedBy: ["master"],
    parser: wholeNumber(10, hourMs, "milliseconds"),
    default: () => 1000,
    defaultText: "1000",
  }),
  leaseMs: setting<number>({
    environment: "MILLRACE_LEASE_MS",
    flag: "lease-ms",
    about: "Silence after which a worker is lost; more than twice the heartbeat.",
    usedBy: ["master"],
    parser: wholeNumber(50, 24 * hourMs, "milliseconds"),
    default: () => 10_000,
    defaultText: "10000",
  }),
  retryBaseMs: setting<number>({
    environment: "MILLRACE_RETRY_BASE_MS",
    flag: "retry-base-ms",
    about: "Wait before the second attempt of a failed task; doubled for each further one.",
    usedBy: ["master"],
    parser: wholeNumber(1, hourMs, "milliseconds"),
    default: () => 1000,
    defaultText: "1000",
  }),
  retryMaxMs: setting<number>({
    environment: "MILLRACE_RETRY_MAX_MS",
    flag: "retry-max-ms",
    about: "Longest wait between attempts of a failed task; at least the base.",
    usedBy: ["master"],
    parser: wholeNumber(1, 24 * hourMs, "milliseconds"),
    default: () => 30_000,
    defaultText: "30000",
  }),
  drainTimeoutMs: setting<number>({
    environment: "MILLRACE_DRAIN_TIMEOUT_MS",
    flag: "drain-timeout-ms",
    about: "How long a worker told to stop may finish attempts and serve its runs.",
    usedBy: ["worker"],
    parser: wholeNumber(0, 24 * hourMs, "milliseconds"),
    default: () => 120_000,
    defaultText: "120000",
  }),
  shuffleCompression: setting<"auto" | "none" | "lz4">({
    environment: "MILLRACE_SHUFFLE_COMPRESSION",
    flag: "shuffle-compression",
    about: "Compression of runs; auto compresses when workers are on several machines.",
    usedBy: ["master"],
    parser: oneOf(["auto", "none", "lz4"]),
    default: () => "auto",
    defaultText: "auto",
  }),
  warmUp: setting<boolean>({
    environment: "MILLRACE_WARM_UP",
    flag: "warm-up",
    about: "Whether idle worker threads run made-up records to be fast from the first attempt on.",
    usedBy: ["worker"],
    parser: yesOrNo,
    default: () => true,
    defaultText: "true",
  }),
  retentionJobs: setting<number>({
    environment: "MILLRACE_RETENTION_JOBS",
    flag: "retention-jobs",
    about: "Finished jobs that the master still knows; older ones are forgotten, outputs stay.",
    usedBy: ["master"],
    parser: wholeNumber(1, 100_000),
    default: () => 200,
    defaultText: "200",
  }),
  attemptLogBytesMax: setting<number>({
    environment: "MILLRACE_ATTEMPT_LOG_MAX",
    flag: "attempt-log-max",
    about: "Size at which the log of one attempt is cut.",
    usedBy: ["worker"],
    parser: size(kib, kib ** 3),
    default: () => 10 * kib ** 2,
    defaultText: "10MiB",
  }),
  logLevel: setting<"fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent">({
    environment: "MILLRACE_LOG_LEVEL",
    flag: "log-level",
    about: "Least severity that master and workers log.",
    usedBy: ["master", "worker"],
    parser: oneOf(["fatal", "error", "warn", "info", "debug", "trace", "silent"]),
    default: () => "info",
    defaultText: "info",
  }),
  logFile: setting<string | null>({
    environment: "MILLRACE_LOG_FILE",
    flag: "log-file",
    about: "File that master or worker append their log to, instead of standard error.",
    usedBy: ["master", "worker"],
    parser: filePath,
    default: () => null,
    defaultText: "none",
    isPath: true,
  }),
  storageType: setting<"local">({
    environment: "MILLRACE_STORAGE_TYPE",
    flag: "storage-type",
    about: "Where inputs and outputs lie; today only folders that every machine sees.",
    usedBy: ["master", "worker"],
    parser: oneOf(["local"]),
    default: () => "local",
    defaultText: "local",
  }),
};

export type SettingName = keyof typeof settingsTable;

type ValueOf<Row> = Row extends Setting<infer Value> ? Value : never;

/** Every setting with its value, checked. */
export type Settings = {
  readonly [Name in SettingName]: ValueOf<(typeof settingsTable)[Name]>;
};

/** The table as rows, in order. */
export const settingRows = Object.entries(settingsTable) as readonly (readonly [
  SettingName,
  Setting<string | number | null>,
])[];
