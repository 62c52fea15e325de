import type { BenchOptions } from "../options.js";
import type { Surroundings } from "../peers/contender.js";
import { millraceContender } from "../peers/millrace.js";
import { wordCountPeers } from "../peers/word-count.js";
import { wordCountAnswer } from "../verify/words.js";
import type { Comparison } from "./compare.js";

/** How often each word of a large text occurs: hard on hash tables. */
export function wordCountCase(surroundings: Surroundings, options: BenchOptions): Comparison {
  const threads = options.workers * options.slots;
  const partitionCount = options.reducers ?? threads;
  return {
    name: "wordcount",
    kind: "text",
    contenders: [
      millraceContender(surroundings, options, {
        name: "millrace",
        about: "the example job: own map with match(/\\p{L}+/gu), sum() combines and reduces",
        job: "wordcount",
        partitionCount,
      }),
      millraceContender(surroundings, options, {
        name: "millrace-split",
        about: 'the same with split(" ")',
        job: "wordcount-split",
        partitionCount,
      }),
      millraceContender(surroundings, options, {
        name: "millrace-builtin",
        about: "built-ins on both sides: words(), sum() combines and reduces",
        job: "wordcount-builtin",
        partitionCount,
      }),
      ...wordCountPeers(surroundings, threads),
    ],
    usual: [
      "millrace",
      "millrace-split",
      "millrace-builtin",
      "node-map-1",
      "node-map-2",
      "node-map-2-split",
      "duckdb",
      "mawk",
      "mawk-2",
    ],
    readAnswer: wordCountAnswer,
    expected: null,
  };
}
