import path from "node:path";
import { lineBorder } from "../programs/lines.js";
import type { Question } from "../programs/group-lines.js";
import type { BenchOptions } from "../options.js";
import {
  commandContender,
  programVersion,
  type Contender,
  type Surroundings,
} from "./contender.js";
import { copyTo, duckdbContender, fileLiteral, linesOf } from "./duckdb.js";
import { goContender } from "./go.js";
import { bash, mawkContender, mawkHalves } from "./mawk.js";

/** Others who say requests and bytes by path and status: `path status<TAB>requests<TAB>bytes`. */
export function accessLogPeers(
  surroundings: Surroundings,
  options: BenchOptions,
  threads: number,
): Contender[] {
  return [
    duckdbContender(surroundings, {
      name: "duckdb",
      about: `read_csv with blanks between and quotes around fields; ${threads} threads`,
      threads,
      sql: (input, output) =>
        copyTo(
          "SELECT split_part(request, ' ', 2) || ' ' || status AS k, count(*), " +
            `CAST(sum(bytes) AS BIGINT) FROM ${logColumns(input)} GROUP BY k`,
          output,
          "\t",
        ),
    }),
    duckdbContender(surroundings, {
      name: "duckdb-regexp",
      about: `lines through regexp_extract; ${threads} threads`,
      threads,
      sql: (input, output) =>
        copyTo(
          "SELECT r.path || ' ' || r.status AS k, count(*), CAST(sum(CAST(r.bytes AS BIGINT)) AS BIGINT) " +
            `FROM (SELECT regexp_extract(line, ${linePattern}, ['path', 'status', 'bytes']) AS r ` +
            `FROM ${linesOf(input)}) GROUP BY k`,
          output,
          "\t",
        ),
    }),
    mawkContender(surroundings, {
      name: "mawk",
      about: "mawk over the whole file",
      program: groupRequests,
      pipe: "cat",
    }),
    mawkHalves(surroundings, {
      name: "mawk-2",
      about: "two mawks over one half each, added up by a third",
      program: groupRequests,
      pipe: "cat",
      merge: "cat",
      addUp: addGroups,
    }),
    nodeGroups(surroundings, "access-log", 1),
    nodeGroups(surroundings, "access-log", 2),
    goContender(surroundings, options, {
      name: "go",
      about: `a Go program on bytes; ${threads} goroutines`,
      source: "access-log",
      threads,
    }),
  ];
}

/** Others who say count and sum by event and country: `event country<TAB>count<TAB>sum`. */
export function jsonlPeers(
  surroundings: Surroundings,
  options: BenchOptions,
  threads: number,
): Contender[] {
  return [
    duckdbContender(surroundings, {
      name: "duckdb",
      about: `read_json with the three columns that are asked for; ${threads} threads`,
      threads,
      sql: (input, output) =>
        copyTo(
          "SELECT event || ' ' || country AS k, count(*), CAST(sum(amount) AS BIGINT) " +
            `FROM ${objectsOf(input)} GROUP BY k`,
          output,
          "\t",
        ),
    }),
    goContender(surroundings, options, {
      name: "go",
      about: `Go's encoding/json into a struct of three fields; ${threads} goroutines`,
      source: "jsonl",
      threads,
    }),
    nodeGroups(surroundings, "jsonl", 1),
    nodeGroups(surroundings, "jsonl", 2),
    jqHalves(surroundings),
  ];
}

function logColumns(input: string): string {
  const names = ["address", "identity", "username", "day", "zone", "request", "status", "bytes"];
  const columns = [...names, "referer", "agent"].map(
    (name) => `'${name}': '${name === "bytes" ? "BIGINT" : "VARCHAR"}'`,
  );
  return (
    `read_csv(${fileLiteral(input)}, delim=' ', quote='"', escape='"', header=false, ` +
    `auto_detect=false, columns={${columns.join(", ")}})`
  );
}

const linePattern = `'"\\S+ (\\S+) [^"]*" (\\d+) (\\d+)'`;

function objectsOf(input: string): string {
  return (
    `read_json(${fileLiteral(input)}, format='newline_delimited', ` +
    "columns={event: 'VARCHAR', country: 'VARCHAR', amount: 'BIGINT'})"
  );
}

const groupRequests =
  '{ k = $7 " " $9; n[k]++; b[k] += $10 } ' +
  'END { for (k in n) printf "%s\\t%d\\t%.0f\\n", k, n[k], b[k] }';
const addGroups =
  'BEGIN { FS = "\\t" } { n[$1] += $2; b[$1] += $3 } ' +
  'END { for (k in n) printf "%s\\t%d\\t%.0f\\n", k, n[k], b[k] }';
/** Of `key<TAB>value` lines, which jq writes. */
const groupPairs =
  'BEGIN { FS = "\\t" } { n[$1]++; b[$1] += $2 } ' +
  'END { for (k in n) printf "%s\\t%d\\t%.0f\\n", k, n[k], b[k] }';

function nodeGroups(surroundings: Surroundings, question: Question, threads: 1 | 2): Contender {
  const program = path.join(surroundings.root, "dist/bench/programs/node-groups.js");
  const how = question === "jsonl" ? "JSON.parse" : "indexOf and slice";
  return commandContender(surroundings, {
    name: `node-${threads}`,
    about: `one Node process by hand, ${how} into a Map per thread, ${threads} thread(s)`,
    version: `Node ${process.version}`,
    command: ({ input }, output) => ({
      program: process.execPath,
      arguments: [program, input.path, output, String(threads), question],
    }),
  });
}

function jqHalves(surroundings: Surroundings): Contender {
  const jq = `jq -r '"\\(.event) \\(.country)\\t\\(.amount)"' | mawk "$4"`;
  const script = [
    `head -c "$3" "$1" | ${jq} > "$2.a" &`,
    `tail -c "+$(($3 + 1))" "$1" | ${jq} > "$2.b"`,
    "wait $!",
    'cat "$2.a" "$2.b" | mawk "$5" > "$2"',
  ].join("\n");
  const isComplete = programVersion("mawk", "-Wv") !== null;
  return commandContender(surroundings, {
    name: "jq-2",
    about: "two jqs over one half each, grouped by mawk",
    version: isComplete ? programVersion("jq", "--version") : null,
    absence: "jq or mawk is not installed (apt install jq mawk)",
    command: ({ input }, output) => ({
      program: "bash",
      arguments: [
        ...bash(script),
        input.path,
        output,
        String(lineBorder(input.path)),
        groupPairs,
        addGroups,
      ],
    }),
  });
}
