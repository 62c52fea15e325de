import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const scripts = path.join(root, "examples/streaming");
const data = path.join(root, "examples/data");
let folder = "";

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-streaming-"));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly lines: string[];
  readonly counters: Readonly<Record<string, number>>;
}

/** Runs a job of commands as a person would. @returns the lines of its parts */
function runJob(name: string, words: readonly string[]): Ran {
  const output = path.join(folder, name);
  const where = ["--output", output, "--name", name, "--json"];
  const cli = path.join(root, "dist/cli/main.js");
  const ran = spawnSync(process.execPath, [cli, "run", ...words, ...where], {
    cwd: root,
    encoding: "utf8",
  });
  if (ran.status !== 0) throw new Error(`it failed: ${ran.stdout}${ran.stderr}`);
  const manifest = fs.readFileSync(path.join(output, "manifest.json"), "utf8");
  const { counters } = JSON.parse(manifest) as Pick<Ran, "counters">;
  const parts = fs.readdirSync(output).filter((part) => part.startsWith("part-"));
  const lines = parts
    .toSorted()
    .flatMap((part) => fs.readFileSync(path.join(output, part), "utf8").split("\n").slice(0, -1));
  return { lines, counters };
}

function shipped(...names: string[]): string[] {
  return names.flatMap((name) => ["--file", path.join(scripts, name)]);
}

function readFolder(location: string): string[] {
  return fs
    .readdirSync(location)
    .filter((name) => /\.(txt|log)$/.test(name))
    .map((name) => fs.readFileSync(path.join(location, name), "utf8"));
}

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"]);
    return true;
  } catch {
    process.stderr.write("SKIPPED: no python3 on this machine, so its example is not tested\n");
    return false;
  }
}

describe("Hadoop Streaming scripts, unchanged", () => {
  it.skipIf(!hasPython())("Python counts words, with its reducer as combiner", () => {
    const programs = ["--mapper", "wordcount_map.py", "--combiner", "wordcount_reduce.py"];
    const books = path.join(data, "gutenberg");
    const { lines, counters } = runJob("python", [
      ...programs,
      "--reducer",
      "wordcount_reduce.py",
      "--input",
      books,
      ...shipped("wordcount_map.py", "wordcount_reduce.py"),
    ]);
    const wanted = new Map<string, number>();
    let empty = 0;
    for (const line of readFolder(books).flatMap((text) => text.split("\n").slice(0, -1))) {
      const words = line.toLowerCase().match(/[a-z]+/g) ?? [];
      if (words.length === 0) empty++;
      for (const word of words) wanted.set(word, (wanted.get(word) ?? 0) + 1);
    }
    expect(lines.toSorted()).toEqual([...wanted].map(([word, n]) => `${word}\t${n}`).toSorted());
    expect(counters["user.words.empty lines"]).toBe(empty);
  });

  it("awk sums up an access log", () => {
    const log = path.join(data, "access.log");
    const { lines } = runJob("awk", [
      "--mapper",
      "status_map.awk",
      "--reducer",
      "status_reduce.awk",
      "--input",
      log,
      ...shipped("status_map.awk", "status_reduce.awk"),
    ]);
    const wanted = new Map<string, [number, number]>();
    for (const line of fs.readFileSync(log, "utf8").split("\n")) {
      const [, status = "", bytes = ""] = /" (\d{3}) (\d+|-)/.exec(line) ?? [];
      if (status === "") continue;
      const [requests, sum] = wanted.get(status) ?? [0, 0];
      wanted.set(status, [requests + 1, sum + (bytes === "-" ? 0 : Number(bytes))]);
    }
    expect(wanted.size).toBeGreaterThan(2);
    expect(lines.toSorted()).toEqual(
      [...wanted]
        .map(([status, [requests, bytes]]) => `${status}\t${requests}\t${bytes}`)
        .toSorted(),
    );
  });

  it("a pipeline of the shell finds the longest lines of each file", () => {
    const books = path.join(folder, "books");
    fs.mkdirSync(books);
    fs.writeFileSync(path.join(books, "a.txt"), "one\nthree\nfour\nfive\nseven\n");
    fs.writeFileSync(path.join(books, "b.txt"), "x\nyy\n");
    const { lines } = runJob("shell", [
      "--mapper",
      "longest_map.sh",
      "--reducer",
      "longest_reduce.sh",
      "--env",
      "TOP=2",
      "--input",
      books,
      ...shipped("longest_map.sh", "longest_reduce.sh"),
    ]);
    expect(lines.toSorted()).toEqual([
      "a.txt\t5\tseven",
      "a.txt\t5\tthree",
      "b.txt\t1\tx",
      "b.txt\t2\tyy",
    ]);
  });

  it("a command that fails is shown with its exit code and its last words", () => {
    const words = ["--mapper", "echo no such thing >&2; exit 4", "--attempts", "1"];
    const input = ["--input", path.join(data, "access.log")];
    expect(() => runJob("failing", [...words, ...input])).toThrow(/exit code 4.*no such thing/s);
  });
});
