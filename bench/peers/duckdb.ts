import path from "node:path";
import {
  commandContender,
  packageVersion,
  type Contender,
  type Surroundings,
} from "./contender.js";

/**
 * Lines as they are: one column, and neither quote nor escape. The delimiter is a control character
 * that no input holds.
 */
export function linesOf(input: string): string {
  return (
    `read_csv(${fileLiteral(input)}, delim='\u0001', header=false, quote='', escape='', ` +
    "auto_detect=false, columns={'line': 'VARCHAR'})"
  );
}

/** A copy of a query's rows to a file, unquoted. */
export function copyTo(query: string, output: string, delimiter: string): string {
  return (
    `COPY (${query}) TO ${fileLiteral(output)} ` +
    `(FORMAT csv, HEADER false, DELIMITER '${delimiter}', QUOTE '', ESCAPE '')`
  );
}

export function fileLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function duckdbContender(
  surroundings: Surroundings,
  facts: {
    readonly name: string;
    readonly about: string;
    readonly threads: number;
    readonly sql: (input: string, output: string) => string;
  },
): Contender {
  const packageName = "@duckdb/node-api";
  const program = path.join(surroundings.root, "dist/bench/programs/duckdb.js");
  const version = packageVersion(surroundings.root, packageName);
  return commandContender(surroundings, {
    name: facts.name,
    about: facts.about,
    version: version === null ? null : `DuckDB ${version}`,
    absence: `${packageName} is not installed (npm install)`,
    command: ({ input }, output) => ({
      program: process.execPath,
      arguments: [
        program,
        String(facts.threads),
        `SET preserve_insertion_order=false; ${facts.sql(input.path, output)}`,
      ],
    }),
  });
}
