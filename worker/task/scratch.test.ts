import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Scratch } from "./scratch.js";

let folder = "";
let lock = "";

beforeEach(() => {
  folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "millrace-scratch-")), "deep", "w1");
  lock = path.join(folder, "worker.lock");
});

afterEach(() => fs.rmSync(path.dirname(path.dirname(folder)), { recursive: true, force: true }));

describe("the scratch folder of a worker", () => {
  it("is made, locked against a second worker, and free again after release", () => {
    const first = new Scratch(folder);
    expect(() => new Scratch(folder)).toThrow(
      `another worker process uses this scratch folder folder=${folder} pid=${process.pid}`,
    );
    first.release();
    expect(fs.readdirSync(folder)).toEqual([]);
    new Scratch(folder).release();
  });

  it("is taken over from a process that is gone", async () => {
    const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(child, "exit");
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(lock, JSON.stringify({ pid: child.pid, startedAt: "1" }));
    const scratch = new Scratch(folder);
    expect(JSON.parse(fs.readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid });
    scratch.release();
  });

  it.each([
    ["whose number another process has now", JSON.stringify({ pid: process.pid, startedAt: "1" })],
    ["that left a torn lock", '{"pid":'],
  ])("is taken over from a process %s", (_name, text) => {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(lock, text);
    const scratch = new Scratch(folder);
    expect(fs.readdirSync(folder)).toEqual(["worker.lock"]);
    scratch.release();
  });

  it("is cleaned of runs and logs, and of nothing else", () => {
    const scratch = new Scratch(folder);
    for (const name of ["intermediate/job", "logs/job", "bundles", "mine"]) {
      fs.mkdirSync(path.join(folder, name), { recursive: true });
    }
    scratch.clean();
    expect(fs.readdirSync(folder).toSorted()).toEqual(["bundles", "mine", "worker.lock"]);
    scratch.release();
  });

  it("keeps the lock of whoever took over", () => {
    const scratch = new Scratch(folder);
    fs.writeFileSync(lock, JSON.stringify({ pid: 1, startedAt: "7" }));
    scratch.release();
    expect(fs.existsSync(lock)).toBe(true);
  });
});
