import type { BenchOptions } from "../options.js";
import type { Surroundings } from "../peers/contender.js";
import { accessLogPeers, jsonlPeers } from "../peers/groups.js";
import { millraceContender } from "../peers/millrace.js";
import { groupsAnswer } from "../verify/lines.js";
import type { Comparison } from "./compare.js";

/** Requests and bytes by path and status of an access log: tens of thousands of groups. */
export function accessLogCase(surroundings: Surroundings, options: BenchOptions): Comparison {
  const threads = options.workers * options.slots;
  const partitionCount = options.reducers ?? threads;
  return {
    name: "access-log",
    kind: "access-log",
    contenders: [
      millraceContender(surroundings, options, {
        name: "millrace",
        about: "the example job: own map with indexOf and split, all(count(), sum())",
        job: "access-log",
        partitionCount,
      }),
      millraceContender(surroundings, options, {
        name: "millrace-builtin",
        about: "built-ins on both sides: fields(), all(count(), sum())",
        job: "access-log-builtin",
        partitionCount,
      }),
      ...accessLogPeers(surroundings, options, threads),
    ],
    usual: [
      "millrace",
      "millrace-builtin",
      "duckdb",
      "duckdb-regexp",
      "mawk",
      "mawk-2",
      "node-1",
      "node-2",
      "go",
    ],
    readAnswer: groupsAnswer,
    expected: null,
  };
}

/** Count and sum of amounts by event and country of JSON lines: a few hundred groups. */
export function jsonlCase(surroundings: Surroundings, options: BenchOptions): Comparison {
  const threads = options.workers * options.slots;
  const partitionCount = options.reducers ?? threads;
  return {
    name: "jsonl",
    kind: "jsonl",
    contenders: [
      millraceContender(surroundings, options, {
        name: "millrace",
        about: "own map over jsonl(), which is JSON.parse; all(count(), sum())",
        job: "jsonl",
        partitionCount,
      }),
      millraceContender(surroundings, options, {
        name: "millrace-builtin",
        about: "built-ins on both sides: jsonFields(), all(count(), sum())",
        job: "jsonl-builtin",
        partitionCount,
      }),
      ...jsonlPeers(surroundings, options, threads),
    ],
    usual: ["millrace", "millrace-builtin", "duckdb", "go", "node-1", "node-2"],
    readAnswer: groupsAnswer,
    expected: null,
  };
}
