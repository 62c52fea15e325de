import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "./installation.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-demo-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @param onLine may send a signal */
async function demo(argv: string[], onLine: (line: string, interrupt: () => void) => void) {
  const script = path.join(packageRoot, "scripts", "demo.mjs");
  const child = spawn(process.execPath, [script, ...argv], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    onLine(line, () => child.kill("SIGINT"));
  });
  let notes = "";
  child.stderr.on("data", (chunk: Buffer) => (notes += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  const text = lines.join("\n");
  const pids = [...text.matchAll(/\(pid (\d+)\)/g)].map((match) => Number(match[1]));
  return { code, text, notes, pids };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The count of each word by the plainest program. */
function countWords(): Map<string, number> {
  const books = path.join(packageRoot, "examples", "data", "gutenberg");
  const counts = new Map<string, number>();
  for (const book of ["being_ernest", "dorian_gray", "frankenstein", "grimm"].concat([
    "huckleberry_finn",
    "metamorphosis",
    "sherlock_holmes",
    "tom_sawyer",
  ])) {
    const text = readFileSync(path.join(books, `pg-${book}.txt`), "utf8");
    for (const word of text.match(/\p{L}+/gu) ?? []) {
      counts.set(word.toLowerCase(), (counts.get(word.toLowerCase()) ?? 0) + 1);
    }
  }
  return counts;
}

describe("npm run demo", () => {
  it("runs both jobs from any folder, prints the right words, leaves no process", async () => {
    const run = await demo([], () => undefined);
    expect(run.code, run.text + run.notes).toBe(0);
    const top = [...countWords()].toSorted((a, b) => b[1] - a[1]).slice(0, 10);
    for (const [word, count] of top) {
      expect(run.text).toContain(`${count.toLocaleString("en-US")}  ${word}`);
    }
    expect(run.text).toContain(path.join("demo", "inverted-index"));
    expect(run.pids).toHaveLength(2);
    for (const pid of run.pids) expect(isAlive(pid)).toBe(false);
  });

  it("keeps the cluster up with --keep until Ctrl-C", async () => {
    let master = "";
    let answered: Promise<number> = Promise.resolve(0);
    const run = await demo(["--keep"], (line, interrupt) => {
      master = /master (http\S+)/.exec(line)?.[1] ?? master;
      if (line !== "Ctrl-C ends it.") return;
      answered = fetch(`${master}/health/ready`).then((answer) => answer.status);
      void answered.finally(interrupt);
    });
    expect(await answered).toBe(200);
    expect(run.code, run.text + run.notes).toBe(0);
    for (const pid of run.pids) expect(isAlive(pid)).toBe(false);
  });
});
