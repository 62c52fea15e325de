import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { testJob } from "millrace/testing";
import accessLogBuiltin from "./access-log-builtin.js";
import accessLog from "./access-log.js";
import grep from "./grep.js";
import invertedIndex from "./inverted-index.js";
import joinJob from "./join.js";
import kMeans from "./k-means.js";
import pageRank from "./pagerank.js";
import sessions from "./sessions.js";
import sortJob from "./sort.js";
import tfIdf from "./tf-idf.js";
import topWords from "./top-words.js";
import wordcount from "./wordcount.js";

/** Each example over its data, held against the plainest program that gives the same answer. */
const data = path.join(import.meta.dirname, "data");
const read = (name: string): string => fs.readFileSync(path.join(data, name), "utf8");
const books = fs
  .readdirSync(path.join(data, "gutenberg"))
  .map((name) => ({ name, content: read(`gutenberg/${name}`) }));
const log = read("access.log");
const logLines = log.trimEnd().split("\n");

const wordsOf = (content: string): string[] =>
  (content.match(/\p{L}+/gu) ?? []).map((word) => word.toLowerCase());

function tally(list: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}

const lines = (text: string): string[] => text.trimEnd().split("\n").sort();

describe("the examples", () => {
  it("wordcount", async () => {
    const { text } = await testJob(wordcount, { input: books });
    const counts = tally(books.flatMap(({ content }) => wordsOf(content)));
    expect(lines(text)).toEqual([...counts].map(([word, n]) => `${word}\t${n}`).sort());
  });

  it("inverted index", async () => {
    const { text } = await testJob(invertedIndex, { input: books, params: { minLength: 12 } });
    const index = new Map<string, string[]>();
    for (const { name, content } of books) {
      for (const word of new Set(wordsOf(content))) {
        if (word.length >= 12) index.set(word, [...(index.get(word) ?? []), name].sort());
      }
    }
    const expected = [...index].map(
      ([word, names]) => `${word}\t${names.length} ${names.join(",")}`,
    );
    expect(lines(text)).toEqual(expected.sort());
  });

  it("grep", async () => {
    const { text, counters } = await testJob(grep, {
      input: books,
      params: { pattern: "whale", flags: "iu" },
    });
    expect(counters).toEqual({ matches: 5 });
    expect(text).toContain("\twhale-fishing.  I do not intend to sail until the month of June;");
    for (const line of text.trimEnd().split("\n")) {
      const [, name = "", offset, found = ""] = /^(.*):(\d+)\t(.*)$/.exec(line) ?? [];
      const bytes = Buffer.from(read(`gutenberg/${name}`)).subarray(Number(offset));
      expect(bytes.toString("utf8", 0, Buffer.byteLength(found))).toBe(found);
    }
  });

  it("access log, with own functions and with built-ins", async () => {
    const counts = new Map<string, [number, number]>();
    const sized = new Map<string, [number, number]>();
    for (const line of logLines) {
      const parts = line.split(" ");
      const [key, bytes] = [`${parts[6]} ${parts[8]}`, parts[9]];
      for (const into of bytes === "-" ? [counts] : [counts, sized]) {
        const [requests, total] = into.get(key) ?? [0, 0];
        into.set(key, [requests + 1, total + (bytes === "-" ? 0 : Number(bytes))]);
      }
    }
    const shown = (map: typeof counts): string[] =>
      [...map].map(([key, [requests, bytes]]) => `${key}\t[${requests},${bytes}]`).sort();
    const own = await testJob(accessLog, { input: log });
    expect(lines(own.text)).toEqual(shown(counts));
    const builtin = await testJob(accessLogBuiltin, { input: log });
    expect(lines(builtin.text)).toEqual(shown(sized));
    expect(builtin.counters["fields.skipped"]).toBe(
      logLines.filter((line) => line.split(" ")[9] === "-").length,
    );
  });

  it("sessions", async () => {
    const { records } = await testJob(sessions, { input: log });
    const visits = new Map<string, number[]>();
    for (const line of logLines) {
      const [, address = "", day, time] = /^(\S+) .*?\[(\d+)\/May\/2015:([\d:]+)/.exec(line) ?? [];
      const seconds = Date.parse(`2015-05-${day}T${time}Z`) / 1000;
      visits.set(address, [...(visits.get(address) ?? []), seconds]);
    }
    const expected: string[] = [];
    for (const [address, times] of visits) {
      times.sort((a, b) => a - b);
      let start = 0;
      times.forEach((time, index) => {
        if (index + 1 < times.length && (times[index + 1] ?? 0) - time <= 1800) return;
        expected.push(`${address} ${times[start]} ${time} ${index + 1 - start}`);
        start = index + 1;
      });
    }
    const found = records.map(({ key, value }) => {
      const session = value as { start: number; end: number; visits: number };
      return `${String(key)} ${session.start} ${session.end} ${session.visits}`;
    });
    expect(found.sort()).toEqual(expected.sort());
  });

  it("join", async () => {
    const [customers, invoices] = ["customers", "invoices"].map((name) =>
      read(`chinook/${name}.csv`),
    );
    const { text, files } = await testJob(joinJob, {
      input: { customers: customers ?? "", invoices: invoices ?? "" },
    });
    for (const part of Object.values(files)) {
      expect(part.split("\n", 1)).toEqual(["invoice,date,total,customer"]);
    }
    expect(text).toContain('\n98,2022-03-11,3.98,"Luís Gonçalves, Brazil"\n');
    const ids = lines(text).map((line) => line.split(",", 1)[0] ?? "");
    const expected = (invoices ?? "").trimEnd().split("\n").slice(1);
    expect(ids.filter((id) => id !== "invoice").sort()).toEqual(
      expected.map((line) => line.split(",", 1)[0] ?? "").sort(),
    );
  });

  it("PageRank", async () => {
    const links = new Map<string, Set<string>>();
    const pattern =
      /"\S+ ([^ ?#"]+)[^"]*" \d+ \S+ "https?:\/\/(?:www\.)?semicomplete\.com([^ ?#"]*)/;
    for (const line of logLines) {
      const [, to, from = ""] = pattern.exec(line) ?? [];
      if (to === undefined || from === "" || to === from) continue;
      links.set(from, (links.get(from) ?? new Set()).add(to));
      links.set(to, links.get(to) ?? new Set());
    }
    let ranks = new Map([...links.keys()].map((page) => [page, 1]));
    for (let isMoving = true; isMoving;) {
      const given = new Map<string, number>();
      for (const [page, targets] of links) {
        for (const target of targets) {
          given.set(target, (given.get(target) ?? 0) + (ranks.get(page) ?? 0) / targets.size);
        }
      }
      const next = new Map<string, number>();
      for (const page of links.keys()) {
        next.set(page, Number((0.15 + 0.85 * (given.get(page) ?? 0)).toFixed(6)));
      }
      isMoving = [...next].some(([page, rank]) => Math.abs(rank - (ranks.get(page) ?? 0)) > 0.001);
      ranks = next;
    }
    const { records } = await testJob(pageRank, { input: log });
    const found = records.map(({ key, value }) => [key, value] as const);
    expect(found.length).toBe(ranks.size);
    for (const [page, rank] of found) {
      expect(Number(rank)).toBeCloseTo(ranks.get(String(page)) ?? Number.NaN, 4);
    }
    const inOrder = found.map(([, rank]) => Number(rank));
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => b - a));
    expect(found[0]?.[0]).toBe("/images/web/2009/banner.png");
  });

  it("k-means", async () => {
    const tracks = read("chinook/tracks.csv");
    const { records } = await testJob(kMeans, { input: tracks, params: { groups: 4 } });
    type Centre = { minutes: number; megabytes: number; tracks: number };
    const centres = records.map(({ value }) => value as Centre);
    expect(centres.length).toBe(4);
    expect(centres.reduce((total, centre) => total + centre.tracks, 0)).toBe(3503);
    // Each centre is the middle of the tracks that are nearest to it: nothing moves any more.
    const sums = centres.map(() => ({ minutes: 0, megabytes: 0, tracks: 0 }));
    for (const line of tracks.trimEnd().split("\n").slice(1)) {
      const [milliseconds, bytes] = line.split(",").slice(-2).map(Number);
      const [minutes, megabytes] = [(milliseconds ?? 0) / 60_000, (bytes ?? 0) / 1e6];
      const distances = centres.map(
        (centre) => (minutes - centre.minutes) ** 2 + ((megabytes - centre.megabytes) / 5) ** 2,
      );
      const sum = sums[distances.indexOf(Math.min(...distances))];
      if (sum === undefined) throw new Error("no centre");
      sum.minutes += minutes;
      sum.megabytes += megabytes;
      sum.tracks++;
    }
    for (const [index, { minutes, megabytes, tracks: count }] of sums.entries()) {
      expect(count).toBe(centres[index]?.tracks);
      expect(minutes / count).toBeCloseTo(centres[index]?.minutes ?? 0, 3);
      expect(megabytes / count).toBeCloseTo(centres[index]?.megabytes ?? 0, 3);
    }
  });

  it("top words", async () => {
    const { records } = await testJob(topWords, { input: books });
    expect(records.length).toBe(8);
    for (const { key, value } of records) {
      const book = books.find(({ name }) => name === key);
      const counts = [...tally(wordsOf(book?.content ?? ""))];
      const order = counts
        .map(([word, n]): [number, string] => [n, word])
        .sort(([n, word], [m, other]) => m - n || (word < other ? 1 : -1));
      expect(value).toEqual(order.slice(0, 100));
    }
  });

  it("sort", async () => {
    const { text, files } = await testJob(sortJob, { input: books });
    const all = books.flatMap(({ content }) =>
      content
        .replace(/^\ufeff/, "")
        .replace(/\n$/, "")
        .split(/\r?\n/),
    );
    const expected = all.map((line) => Buffer.from(line)).sort(Buffer.compare);
    expect(text).toBe(`${expected.join("\n")}\n`);
    expect(Object.keys(files).length).toBeGreaterThan(1);
  });

  it("TF-IDF", async () => {
    const { records } = await testJob(tfIdf, { input: books, params: { top: 3 } });
    const top = (name: string): unknown[] =>
      records.filter(({ key }) => key === name).map(({ value }) => (value as [string, number])[0]);
    const inBooks = books.map(({ content }) => tally(wordsOf(content)));
    for (const [index, { name }] of books.entries()) {
      const counts = inBooks[index] ?? new Map<string, number>();
      const total = [...counts.values()].reduce((a, b) => a + b, 0);
      const weights = [...counts].map(([word, n]): [number, string] => {
        const holding = inBooks.filter((each) => each.has(word)).length;
        return [(n / total) * Math.log(8 / holding), word];
      });
      weights.sort(([a], [b]) => b - a);
      expect(top(name)).toEqual(weights.slice(0, 3).map(([, word]) => word));
    }
    expect(top("pg-being_ernest.txt")[0]).toBe("algernon");
  });
});
