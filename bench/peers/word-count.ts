import path from "node:path";
import { mawkContender, mawkHalves } from "./mawk.js";
import { commandContender, type Contender, type Surroundings } from "./contender.js";
import { copyTo, duckdbContender, linesOf } from "./duckdb.js";

/** Others who count words: all answer `word<TAB>count`, sorted by word. */
export function wordCountPeers(surroundings: Surroundings, threads: number): Contender[] {
  return [
    nodeMap(surroundings, "node-map-1", 1, "letters"),
    nodeMap(surroundings, "node-map-2", 2, "letters"),
    nodeMap(surroundings, "node-map-1-split", 1, "spaces"),
    nodeMap(surroundings, "node-map-2-split", 2, "spaces"),
    duckdbContender(surroundings, {
      name: "duckdb",
      about: `lines split at spaces, counted, then lower-cased and summed; ${threads} threads`,
      threads,
      sql: (input, output) =>
        countQuery(`SELECT unnest(string_split(line, ' ')) AS word FROM ${linesOf(input)}`, output),
    }),
    duckdbContender(surroundings, {
      name: "duckdb-regexp",
      about: `the same with regexp_extract_all and \\pL+; ${threads} threads`,
      threads,
      sql: (input, output) =>
        countQuery(
          `SELECT unnest(regexp_extract_all(line, '\\pL+')) AS word FROM ${linesOf(input)}`,
          output,
        ),
    }),
    ...mawkCounts(surroundings),
  ];
}

/** Counting first and folding case among the distinct words is a tenth faster than the reverse. */
function countQuery(words: string, output: string): string {
  const counted = `SELECT word, count(*) AS n FROM (${words}) GROUP BY word`;
  const folded =
    `SELECT lower(word) AS folded, CAST(sum(n) AS BIGINT) FROM (${counted}) ` +
    "GROUP BY folded ORDER BY folded";
  return copyTo(folded, output, "\t");
}

function nodeMap(
  surroundings: Surroundings,
  name: string,
  threads: 1 | 2,
  cut: "letters" | "spaces",
): Contender {
  const program = path.join(surroundings.root, "dist/bench/programs/node-map.js");
  const how = cut === "letters" ? "match(/\\p{L}+/gu)" : 'split(" ")';
  return commandContender(surroundings, {
    name,
    about: `one Node process by hand, ${how} into a Map per thread, ${threads} thread(s)`,
    version: `Node ${process.version}`,
    command: ({ input }, output) => ({
      program: process.execPath,
      arguments: [program, input.path, output, String(threads), cut],
    }),
  });
}

/** Whole lines are folded at once; fields are what mawk splits fastest. */
const countFields =
  "{ $0 = tolower($0); for (i = 1; i <= NF; i++) n[$i]++ } " +
  'END { for (w in n) print w "\\t" n[w] }';
/** Stages of a pipeline in bash. */
const byWord = 'sort -t "$(printf "\\t")" -k1,1';
const mergeByWord = 'sort -m -t "$(printf "\\t")" -k1,1';
/** Adds up what two sorted lists say of the same word. */
const addAdjacent =
  'BEGIN { FS = "\\t" } $1 != w { if (NR > 1) print w "\\t" n; w = $1; n = 0 } { n += $2 } ' +
  'END { if (NR > 0) print w "\\t" n }';

/** One mawk, and two over one half each. */
export function mawkCounts(surroundings: Surroundings): Contender[] {
  return [
    mawkContender(surroundings, {
      name: "mawk",
      about: "mawk over the whole file, then sort",
      program: countFields,
      pipe: byWord,
    }),
    mawkHalves(surroundings, {
      name: "mawk-2",
      about: "two mawks over one half each, each sorted, merged and added up",
      program: countFields,
      pipe: byWord,
      merge: mergeByWord,
      addUp: addAdjacent,
    }),
  ];
}
