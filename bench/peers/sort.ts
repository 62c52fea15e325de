import os from "node:os";
import path from "node:path";
import { keyBytes, recordBytes } from "../data-sets/records.js";
import {
  commandContender,
  programVersion,
  type Contender,
  type RunOrder,
  type Surroundings,
} from "./contender.js";
import { copyTo, duckdbContender, linesOf } from "./duckdb.js";

/** Others who sort 100-byte records by their first ten bytes. */
export function sortPeers(surroundings: Surroundings, threads: number): Contender[] {
  return [
    gnuSort(surroundings, "gnu-sort-key", threads, [`-k1.1,1.${keyBytes}`]),
    gnuSort(surroundings, "gnu-sort-line", threads, []),
    duckdbContender(surroundings, {
      name: "duckdb",
      about: `ORDER BY left(line, ${keyBytes}); ${threads} threads`,
      threads,
      sql: (input, output) =>
        copyTo(
          `SELECT line FROM ${linesOf(input)} ORDER BY left(line, ${keyBytes})`,
          output,
          "\u0001",
        ),
    }),
    commandContender(surroundings, {
      name: "node-sort",
      about: "one Node thread by hand, all in memory, native sort of key prefixes",
      version: `Node ${process.version}`,
      command: ({ input }, output) => ({
        program: process.execPath,
        arguments: [
          path.join(surroundings.root, "dist/bench/programs/node-sort.js"),
          input.path,
          output,
        ],
      }),
    }),
  ];
}

function gnuSort(
  surroundings: Surroundings,
  name: string,
  threads: number,
  keyFlags: readonly string[],
): Contender {
  const by = keyFlags.length === 0 ? "whole lines" : keyFlags.join(" ");
  return commandContender(surroundings, {
    name,
    about: `LC_ALL=C sort --parallel=${threads} by ${by}, with memory for all of it`,
    version: programVersion("sort", "--version"),
    absence: "GNU sort is not installed (apt install coreutils)",
    command: ({ input, folder }, output) => ({
      program: "sort",
      arguments: [
        `--parallel=${threads}`,
        `--buffer-size=${bufferBytes({ input, folder })}b`,
        ...keyFlags,
        `--output=${output}`,
        input.path,
      ],
    }),
  });
}

/** Enough that sort needs no temporary file: lines, and its 32 bytes for each; at most 60 % of memory. */
function bufferBytes({ input }: RunOrder): number {
  const wanted = input.sizeBytes * (1 + 64 / recordBytes) + 64 * 1024 * 1024;
  return Math.ceil(Math.min(wanted, os.totalmem() * 0.6));
}
