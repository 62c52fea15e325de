import type { BenchOptions } from "../options.js";
import type { Surroundings } from "../peers/contender.js";
import { filterPeers } from "../peers/filter.js";
import { millraceContender } from "../peers/millrace.js";
import { mawkCounts } from "../peers/word-count.js";
import { linesAnswer } from "../verify/lines.js";
import { wordCountAnswer } from "../verify/words.js";
import type { Comparison } from "./compare.js";

/** Word count with mawk as mapper, against mawk alone. */
export function streamingCase(surroundings: Surroundings, options: BenchOptions): Comparison {
  const partitionCount = options.reducers ?? options.workers * options.slots;
  return {
    name: "streaming",
    kind: "text",
    contenders: [
      millraceContender(surroundings, options, {
        name: "millrace",
        about: "mawk counts the words of a split in an array; mawk adds up the sorted lines",
        job: "streaming",
        partitionCount,
      }),
      millraceContender(surroundings, options, {
        name: "millrace-function",
        about: "the same mapper, a function as reducer",
        job: "streaming-function",
        partitionCount,
      }),
      ...mawkCounts(surroundings),
    ],
    usual: ["millrace", "millrace-function", "mawk", "mawk-2"],
    readAnswer: wordCountAnswer,
    expected: null,
  };
}

/** Lines of an access log that were answered with an error: one in twenty-five, and no reducer. */
export function filterCase(surroundings: Surroundings, options: BenchOptions): Comparison {
  return {
    name: "filter",
    kind: "access-log",
    contenders: [
      millraceContender(surroundings, options, {
        name: "millrace",
        about: "mawk as mapper, map-only",
        job: "filter",
        partitionCount: null,
      }),
      millraceContender(surroundings, options, {
        name: "millrace-function",
        about: "a function as mapper, map-only",
        job: "filter-function",
        partitionCount: null,
      }),
      ...filterPeers(surroundings),
    ],
    usual: ["millrace", "millrace-function", "mawk", "mawk-2", "grep", "grep-2"],
    readAnswer: linesAnswer,
    expected: null,
  };
}
