import path from "node:path";
import { parseArgs } from "node:util";
import { parseSizeBytes } from "#shared/config/parsers";
import { fault, messageOf } from "#shared/errors/fault";

export const caseNames = [
  "wordcount",
  "access-log",
  "jsonl",
  "sort",
  "streaming",
  "filter",
  "small-job",
  "tasks",
] as const;
export type CaseName = (typeof caseNames)[number];

export interface BenchOptions {
  readonly cases: readonly CaseName[];
  readonly sizeBytes: number;
  readonly runs: number;
  /** Rounds before those that count. */
  readonly warmUps: number;
  /** Names of contenders; null: all of the usual ones. */
  readonly peers: readonly string[] | null;
  readonly jsonPath: string | null;
  readonly workers: number;
  readonly slots: number;
  readonly reducers: number | null;
  readonly splitBytes: number | null;
  readonly taskCounts: readonly number[];
  readonly dataFolder: string;
  readonly seed: number;
  readonly keep: boolean;
}

export const helpText = `npm run bench [-- options]

Generates its input from a seed, runs every contender in turn, round after round, checks that all
answers agree, and prints medians, ratios and peak memory.

  --case NAMES          some of these, between commas (default: all)
                          wordcount   how often each word of a text occurs
                          access-log  requests and bytes by path and status
                          jsonl       count and sum by two fields of JSON lines
                          sort        100-byte records by their first ten bytes
                          streaming   word count with mawk as mapper
                          filter      lines of an access log that mawk picks
                          small-job   3 MB in a warm cluster, against millrace run
                          tasks       the cost of a task
  --size SIZE           input of all but small-job and tasks (default 512MB; MB are 10^6 bytes,
                        MiB 2^20)
  --runs N              rounds (default 3)
  --warm-up N           rounds before them that do not count (default 0)
  --peers NAMES         contenders to run, between commas; \`list\` prints them (default: the usual)
  --workers N           worker processes of Millrace (default 2)
  --slots N             slots of each (default 1)
  --reducers N          partitions of Millrace's jobs (default: one per slot, two for the sort)
  --split-bytes SIZE    target size of a split (default: the planner's)
  --task-counts N,N     numbers of empty tasks (default 1000,10000,20000)
  --data FOLDER         inputs and temporary files (default bench/data)
  --seed N              of the inputs (default 1)
  --json FILE           writes all figures
  --keep                keeps answers and logs of the last runs
  --help                prints this
`;

const flags = {
  case: { type: "string" },
  size: { type: "string", default: "512MB" },
  runs: { type: "string", default: "3" },
  "warm-up": { type: "string", default: "0" },
  peers: { type: "string" },
  workers: { type: "string", default: "2" },
  slots: { type: "string", default: "1" },
  reducers: { type: "string" },
  "split-bytes": { type: "string" },
  "task-counts": { type: "string", default: "1000,10000,20000" },
  data: { type: "string" },
  seed: { type: "string", default: "1" },
  json: { type: "string" },
  keep: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** @returns null when help was asked for @throws MR_ARGUMENT_INVALID */
export function parseOptions(argv: readonly string[], root: string): BenchOptions | null {
  const values = parseFlags(argv);
  if (values.help) return null;
  const { json, reducers } = values;
  const splitBytes = values["split-bytes"];
  return {
    cases: parseCases(values.case),
    sizeBytes: sizeFlag("size", values.size),
    runs: numberFlag("runs", values.runs, 1, 1000),
    warmUps: numberFlag("warm-up", values["warm-up"], 0, 100),
    peers: values.peers === undefined ? null : listFlag(values.peers),
    jsonPath: json === undefined ? null : path.resolve(json),
    workers: numberFlag("workers", values.workers, 1, 64),
    slots: numberFlag("slots", values.slots, 1, 64),
    reducers: reducers === undefined ? null : numberFlag("reducers", reducers, 1, 10_000),
    splitBytes: splitBytes === undefined ? null : sizeFlag("split-bytes", splitBytes),
    taskCounts: listFlag(values["task-counts"]).map((text) =>
      numberFlag("task-counts", text, 1, 1_000_000),
    ),
    dataFolder: path.resolve(values.data ?? path.join(root, "bench/data")),
    seed: numberFlag("seed", values.seed, 0, 2 ** 31),
    keep: values.keep,
  };
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: false }).values;
  } catch (error) {
    throw fault("MR_ARGUMENT_INVALID", messageOf(error), {}, error);
  }
}

function parseCases(text: string | undefined): CaseName[] {
  if (text === undefined) return [...caseNames];
  return listFlag(text).map((name) => {
    const known = caseNames.find((candidate) => candidate === name);
    if (known === undefined) refuse("case", name, `some of ${caseNames.join(", ")}`);
    return known;
  });
}

function listFlag(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function sizeFlag(flag: string, text: string): number {
  const sizeBytes = parseSizeBytes(text);
  if (sizeBytes === null || !(sizeBytes >= 1)) {
    refuse(flag, text, "a size such as 512MB or 64MiB");
  }
  return sizeBytes;
}

function numberFlag(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    refuse(flag, text, `a whole number from ${min} to ${max}`);
  }
  return value;
}

function refuse(flag: string, text: string, allowed: string): never {
  const message = `--${flag} is ${JSON.stringify(text)}; allowed: ${allowed}`;
  throw fault("MR_ARGUMENT_INVALID", message);
}
