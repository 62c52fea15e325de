import fs from "node:fs";
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { addTo, groupLines, writeGroups, type Groups, type Question } from "./group-lines.js";
import { lineBorder } from "./lines.js";

/** Groups by hand: `node-groups.js <input> <output> <threads: 1|2> <question: access-log|jsonl>`. */

interface Half {
  readonly path: string;
  readonly startByte: number;
  readonly question: Question;
}

async function main(): Promise<void> {
  const [input = "", output = "", threads = "1", asked = "access-log"] = process.argv.slice(2);
  const question: Question = asked === "jsonl" ? "jsonl" : "access-log";
  if (threads === "1") {
    writeGroups(output, groupLines(input, 0, Number.MAX_SAFE_INTEGER, question));
    return;
  }
  const border = lineBorder(input);
  const half: Half = { path: input, startByte: border, question };
  const other = new Worker(new URL(import.meta.url), { workerData: half });
  const answer = once(other, "message") as Promise<[Groups]>;
  const groups = groupLines(input, 0, border, question);
  const [others] = await answer;
  for (const [key, { count, sum }] of others) addTo(groups, key, count, sum);
  writeGroups(output, groups);
}

function groupHalf({ path, startByte, question }: Half): void {
  parentPort?.postMessage(groupLines(path, startByte, fs.statSync(path).size, question));
}

if (isMainThread) await main();
else groupHalf(workerData as Half);
