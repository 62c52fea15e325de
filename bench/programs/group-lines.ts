import fs from "node:fs";
import { eachLine } from "./lines.js";

/** What is asked of the input. */
export type Question = "access-log" | "jsonl";

/** How many values a key has, and their sum. */
export interface Group {
  count: number;
  sum: number;
}

export type Groups = Map<string, Group>;

/** Groups a byte range of whole lines by key in one Map, as a program written by hand would. */
export function groupLines(
  path: string,
  startByte: number,
  endByte: number,
  question: Question,
): Groups {
  const groups: Groups = new Map();
  const onLine =
    question === "access-log"
      ? (line: string) => addRequest(groups, line)
      : (line: string) => addObject(groups, line);
  eachLine(path, startByte, endByte, onLine);
  return groups;
}

/** Path and status are the key, the bytes are the value; no array is made of the fields. */
function addRequest(groups: Groups, line: string): void {
  const request = line.indexOf('"');
  const path = line.indexOf(" ", request) + 1;
  const pathEnd = line.indexOf(" ", path);
  const status = line.indexOf('"', pathEnd) + 2;
  const statusEnd = line.indexOf(" ", status);
  const bytesEnd = line.indexOf(" ", statusEnd + 1);
  const key = `${line.slice(path, pathEnd)} ${line.slice(status, statusEnd)}`;
  addTo(groups, key, 1, Number(line.slice(statusEnd + 1, bytesEnd)));
}

function addObject(groups: Groups, line: string): void {
  const { event, country, amount } = JSON.parse(line) as {
    event: string;
    country: string;
    amount: number;
  };
  addTo(groups, `${event} ${country}`, 1, amount);
}

export function addTo(groups: Groups, key: string, count: number, sum: number): void {
  const group = groups.get(key);
  if (group === undefined) {
    groups.set(key, { count, sum });
  } else {
    group.count += count;
    group.sum += sum;
  }
}

/** Writes `key<TAB>count<TAB>sum` lines in the order of keys. */
export function writeGroups(path: string, groups: Groups): void {
  const lines = [...groups.keys()].sort().map((key) => {
    const group = groups.get(key);
    return `${key}\t${group?.count ?? 0}\t${group?.sum ?? 0}\n`;
  });
  fs.writeFileSync(path, lines.join(""));
}
