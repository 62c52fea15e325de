import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock, systemTimers } from "#shared/clock/system";
import type { Failure } from "#shared/model/result";
import { fixtureOrder, fixtureSpec, fixtureThreadUrl } from "./fixtures/orders.js";
import type { Outcome, RunUnreachable } from "./host.js";
import type { AttemptOrder } from "./orders.js";
import { ThreadPool } from "./thread-pool.js";

const mib = 1024 * 1024;
let scratch = "";
let pool: ThreadPool;
let rssBytes = 0;

beforeEach(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-host-"));
  rssBytes = 0;
  pool = makePool(1);
});

afterEach(async () => {
  await pool.close();
  fs.rmSync(scratch, { recursive: true, force: true });
});

function makePool(slots: number): ThreadPool {
  return new ThreadPool({
    threadUrl: fixtureThreadUrl,
    slots,
    slotMemoryBytes: 128 * mib,
    env: { PATH: "/bin" },
    clock: systemClock,
    timers: systemTimers,
    rssBytes: () => rssBytes,
  });
}

function run(
  act: string,
  extra: Partial<AttemptOrder> = {},
  onUnreachable: (message: RunUnreachable) => void = () => {},
): Promise<Outcome> {
  return pool.start(fixtureOrder(scratch, act, extra), onUnreachable).outcome;
}

async function failureOf(act: string, extra: Partial<AttemptOrder> = {}): Promise<Failure> {
  const outcome = await run(act, extra);
  if (outcome.type !== "failed") throw new Error(`the attempt ended as ${outcome.type}`);
  return outcome.failure;
}

async function counterOf(name: string, running: Promise<Outcome>): Promise<number> {
  const outcome = await running;
  if (outcome.type !== "done") throw new Error(JSON.stringify(outcome));
  return outcome.result.counters[name] ?? Number.NaN;
}

function quick(act: string): Partial<AttemptOrder> {
  return { spec: fixtureSpec(act, { taskTimeoutMs: 300 }) };
}

describe("threads of a slot", () => {
  it("are kept for the next order of the same bundle, and replaced for another", async () => {
    const first = await counterOf("threadId", run("done"));
    expect(await counterOf("threadId", run("done"))).toBe(first);
    const other = await counterOf("threadId", run("done", { bundlePath: "/bundles/b.mjs" }));
    expect(other).not.toBe(first);
  });

  it("are not used again after a failure", async () => {
    const first = await counterOf("threadId", run("done"));
    expect((await failureOf("fail")).message).toBe("map failed: boo");
    expect(await counterOf("threadId", run("done"))).not.toBe(first);
  });

  it("are dropped with the bundle when the job is forgotten", async () => {
    const first = await counterOf("threadId", run("done"));
    pool.forgetBundle("/bundles/a.mjs");
    expect(await counterOf("threadId", run("done"))).not.toBe(first);
  });

  it("see only the environment that they are given", async () => {
    expect(await counterOf("env.MILLRACE_TOKEN", run("environment"))).toBe(0);
  });

  it("are shared between orders that wait for a slot", async () => {
    const outcomes = await Promise.all([run("done"), run("crawl"), run("done")]);
    expect(outcomes.map(({ type }) => type)).toEqual(["done", "done", "done"]);
  });

  it("pass on what other workers' runs do, both ways and also before the start", async () => {
    const order = fixtureOrder(scratch, "listen");
    const attempt = pool.start(order, () => {});
    attempt.post({ type: "runs-ready", runs: [] });
    attempt.post({ type: "run-lost", mapTaskIndex: 1, mapAttempt: 1 });
    expect(await counterOf("heard", attempt.outcome)).toBe(2);

    const seen = await new Promise<RunUnreachable>((resolve) => {
      const second = pool.start(fixtureOrder(scratch, "unreachable"), (message) => {
        second.cancel("seen");
        resolve(message);
      });
    });
    expect(seen).toMatchObject({ holderId: "w2", mapTaskIndex: 3, reason: "missing" });
  });
});

describe("an attempt that prints", () => {
  it("keeps 100,000 lines within the bound of its log", async () => {
    expect(await counterOf("logBytes", run("print"))).toBeLessThan(101_000);
    const text = fs.readFileSync(fixtureOrder(scratch, "print").logPath, "utf8");
    expect(text.startsWith("line 0\n")).toBe(true);
    expect(text.endsWith("line 99999\n")).toBe(true);
  });

  it("for ever is ended by the task time-out, with its last lines", async () => {
    const failure = await failureOf("printForEver", quick("printForEver"));
    expect(failure.code).toBe("MR_USER_CODE_STUCK");
    expect(failure.logTail).toEqual(Array.from({ length: 20 }, () => "again"));
    const { logPath } = fixtureOrder(scratch, "");
    expect(fs.statSync(logPath).size).toBeLessThan(101_000);
    expect(fs.readdirSync(path.dirname(logPath))).toHaveLength(1);
  });
});

describe("an attempt that ends its thread", () => {
  it("by process.exit is told so, with the code and what it printed", async () => {
    expect(await failureOf("exit")).toMatchObject({
      code: "MR_USER_CODE_EXITED",
      blame: "user",
      message: "user code called process.exit(7)",
      logTail: ["before the exit"],
    });
  });

  it("by an endless loop is stuck, and the record is named", async () => {
    const failure = await failureOf("loop", quick("loop"));
    expect(failure).toMatchObject({
      code: "MR_USER_CODE_STUCK",
      blame: "user",
      place: { location: "/data/in.txt", offset: 42 },
      logTail: ["before the loop"],
    });
    expect(failure.message).toContain("taskTimeoutMs=300 location=/data/in.txt offset=42");
  });

  it("by an unhandled rejection or an uncaught error is explained", async () => {
    expect((await failureOf("reject")).message).toBe(
      "map failed: TypeError: nobody waits for this",
    );
    expect((await failureOf("uncaught")).message).toBe("map failed: RangeError: in a timer");
    expect(await failureOf("rejectOdd")).toMatchObject({
      code: "MR_USER_CODE_FAILED",
      blame: "user",
    });
  });

  it("by words that are no report is ended", async () => {
    expect(await failureOf("garble")).toMatchObject({ code: "MR_USER_CODE_FAILED" });
  });
});

describe("an attempt beyond its memory", () => {
  it("is ended by the limit of its heap, naming the setting", async () => {
    const failure = await failureOf("heap");
    expect(failure).toMatchObject({ code: "MR_MEMORY_EXHAUSTED", blame: "user" });
    expect(failure.message).toContain("--slot-memory");
    expect((await run("done")).type).toBe("done");
  });

  it("is ended when it counts more than its slot has", async () => {
    const failure = await failureOf("counted");
    expect(failure).toMatchObject({ code: "MR_MEMORY_EXHAUSTED", blame: "user" });
    expect(failure.message).toContain(`limitBytes=${128 * mib}`);
  });

  it("is ended when the process grows by buffers that nobody counts", async () => {
    const running = run("loop");
    rssBytes = 1024 * mib;
    const outcome = await running;
    rssBytes = 0;
    if (outcome.type !== "failed") throw new Error(outcome.type);
    expect(outcome.failure).toMatchObject({ code: "MR_MEMORY_EXHAUSTED", blame: "user" });
  });
});

describe("cancel", () => {
  it("ends an endless loop", async () => {
    const attempt = pool.start(fixtureOrder(scratch, "loop"), () => {});
    attempt.cancel("no longer needed");
    expect(await attempt.outcome).toEqual({ type: "cancelled", reason: "no longer needed" });
    expect((await run("done")).type).toBe("done");
  });

  it("takes back an order that waits for a slot", async () => {
    const first = pool.start(fixtureOrder(scratch, "listen"), () => {});
    const second = pool.start(fixtureOrder(scratch, "done"), () => {});
    second.cancel("not now");
    expect(await second.outcome).toEqual({ type: "cancelled", reason: "not now" });
    first.post({ type: "run-lost", mapTaskIndex: 0, mapAttempt: 1 });
    expect((await first.outcome).type).toBe("done");
    first.cancel("too late");
  });
});
