import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { logLineCharsMax, openAttemptLog, tailLineCharsMax } from "./attempt-log.js";
import { cutLine, joinLog, LogFile, readLogTail } from "./log-file.js";

let folder = "";
let file = "";

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-log-"));
  file = path.join(folder, "logs", "job", "map-00000.1.log");
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function print(maxBytes: number, run: () => void): { tail: string[]; bytes: number } {
  const log = openAttemptLog(file, maxBytes);
  try {
    run();
    return { tail: log.tail(), bytes: log.close().bytes };
  } finally {
    log.close();
  }
}

describe("the log of an attempt", () => {
  it("leaves no file when nothing is printed", () => {
    expect(print(10_000, () => {})).toEqual({ tail: [], bytes: 0 });
    expect(fs.existsSync(path.dirname(file))).toBe(false);
  });

  it("takes standard output and standard error, and gives them back in the end", () => {
    const before = process.stdout.write;
    const { tail, bytes } = print(10_000, () => {
      process.stdout.write("one\ntw");
      process.stderr.write(Buffer.from("o\n"));
      process.stdout.write("00ff", "hex");
    });
    expect(process.stdout.write).toBe(before);
    expect(tail).toHaveLength(3);
    expect(tail.slice(0, 2)).toEqual(["one", "two"]);
    expect(fs.readFileSync(file, "utf8").startsWith("one\ntwo\n")).toBe(true);
    expect(bytes).toBe(fs.statSync(file).size);
  });

  it("calls back whoever waits for a write", async () => {
    let done = Promise.resolve("never asked");
    print(10_000, () => {
      done = new Promise((resolve) => process.stdout.write("x", () => resolve("called")));
    });
    expect(await done).toBe("called");
  });

  it("keeps beginning and end of 100,000 lines within its bound", () => {
    const maxBytes = 64 * 1024;
    const { tail, bytes } = print(maxBytes, () => {
      for (let line = 0; line < 100_000; line++) process.stdout.write(`line ${line}\n`);
    });
    const text = fs.readFileSync(file, "utf8");
    expect(bytes).toBeLessThanOrEqual(maxBytes + cutLine.length);
    expect(bytes).toBeGreaterThan(maxBytes / 2);
    expect(text.startsWith("line 0\nline 1\n")).toBe(true);
    expect(text.endsWith("line 99998\nline 99999\n")).toBe(true);
    expect(text.split(cutLine)).toHaveLength(2);
    expect(tail).toHaveLength(20);
    expect(tail.at(-1)).toBe("line 99999");
    expect(fs.readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
  });

  it("has the last lines on disk when the thread is killed in the middle", () => {
    const log = new LogFile(file, 4_096);
    for (let line = 0; line < 5_000; line++) log.write(`line ${line}\n`);
    const bytes = joinLog(file);
    expect(bytes).toBe(fs.statSync(file).size);
    expect(joinLog(file)).toBe(bytes);
    expect(readLogTail(file, 3, 100)).toEqual(["line 4997", "line 4998", "line 4999"]);
    log.close();
  });

  it("cuts a line without end", () => {
    const { tail, bytes } = print(10_000_000, () => {
      for (let piece = 0; piece < 100; piece++) process.stdout.write("x".repeat(100_000));
      process.stdout.write("\nnext\n");
    });
    expect(bytes).toBeLessThan(logLineCharsMax + 100);
    expect(tail).toEqual(["x".repeat(tailLineCharsMax), "next"]);
  });

  it("keeps characters whole across writes and slices", () => {
    const text = `a${"😀".repeat(50_000)}`.replaceAll(/(.{1000})/gu, "$1\n");
    print(10_000_000, () => {
      process.stdout.write(text);
      const bytes = Buffer.from("\nä\n");
      process.stdout.write(bytes.subarray(0, 2));
      process.stdout.write(bytes.subarray(2));
    });
    const written = fs.readFileSync(file, "utf8");
    expect(written).toBe(`${text}\nä\n`);
  });

  it("goes on without a file when the disk refuses", () => {
    fs.writeFileSync(path.join(folder, "logs"), "not a folder");
    const { tail, bytes } = print(10_000, () => process.stdout.write("still here\n"));
    expect(tail).toEqual(["still here"]);
    expect(bytes).toBe(0);
  });
});
