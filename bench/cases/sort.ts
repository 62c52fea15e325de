import { sampleBoundaries } from "../cluster/sample.js";
import type { BenchOptions } from "../options.js";
import type { Surroundings } from "../peers/contender.js";
import { millraceContender } from "../peers/millrace.js";
import { sortPeers } from "../peers/sort.js";
import { recordsAnswer } from "../verify/records.js";
import type { Comparison } from "./compare.js";

/** Keys looked at to choose the ranges: the fullest of four is then some 2 % above the mean. */
const sampleCount = 10_000;
/** Two ranges a slot, so that one that turns out larger does not hold up the end. */
const partitionsPerSlot = 2;

/** 100-byte records in the order of their 10-byte keys. */
export function sortCase(surroundings: Surroundings, options: BenchOptions): Comparison {
  const threads = options.workers * options.slots;
  const partitionCount = options.reducers ?? partitionsPerSlot * threads;
  const params = (input: string, partitions: number) => ({
    boundaries: sampleBoundaries(input, sampleCount, partitions).join(","),
  });
  return {
    name: "sort",
    kind: "records",
    contenders: [
      millraceContender(surroundings, options, {
        name: "millrace",
        about: "identity() maps and reduces, ranges from a sample that is part of the time",
        job: "sort",
        partitionCount,
        params,
      }),
      millraceContender(surroundings, options, {
        name: "millrace-total",
        about: "the same with totalOrder: a job before it takes the sample",
        job: "sort-total",
        partitionCount,
      }),
      millraceContender(surroundings, options, {
        name: "millrace-own",
        about: "lines through map and reduce functions on strings, the same ranges",
        job: "sort-own",
        partitionCount,
        params,
      }),
      ...sortPeers(surroundings, threads),
    ],
    usual: [
      "millrace",
      "millrace-total",
      "millrace-own",
      "gnu-sort-key",
      "gnu-sort-line",
      "duckdb",
      "node-sort",
    ],
    readAnswer: recordsAnswer,
    expected: (input) => recordsAnswer([input.path]).digest,
  };
}
