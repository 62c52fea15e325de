import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal, type Entry } from "#master/journal/journal";
import type { Event } from "#master/schedule/events";
import { serialise } from "#master/schedule/serialise";
import { SimulatedTime } from "#shared/clock/simulated";
import { fault } from "#shared/errors/fault";
import { silentLogger } from "#shared/log/logger";
import { jobSpecSchema } from "#shared/model/job";
import { MasterMetrics } from "#shared/metrics/master-metrics";
import { EventLoop } from "./event-loop.js";

/** A journal whose disk is full for a number of appends. */
class FullJournal extends Journal {
  fullCount = 0;

  override append(entries: readonly Entry[]): number {
    if (this.fullCount > 0) {
      this.fullCount -= 1;
      throw fault("MR_DISK_FULL", "no space left for the journal");
    }
    return super.append(entries);
  }
}

let folder: string;
let journal: FullJournal;
let time: SimulatedTime;
let metrics: MasterMetrics;
let performed: Event[];
let fatal: unknown[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "event-loop-"));
  journal = new FullJournal(join(folder, "journal.sqlite"), "test");
  time = new SimulatedTime(1_000_000);
  metrics = new MasterMetrics();
  performed = [];
  fatal = [];
});
afterEach(() => {
  journal.close();
  metrics.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<EventLoop> {
  const loop = new EventLoop({
    journal,
    schedule: {},
    clock: time,
    timers: time,
    log: silentLogger(),
    metrics,
    before: () => {},
    perform: (_commands, { event }) => performed.push(event),
    onFatal: (error) => fatal.push(error),
  });
  await loop.recover();
  return loop;
}
function reopen(): Promise<EventLoop> {
  journal.close();
  journal = new FullJournal(join(folder, "journal.sqlite"), "test");
  return open();
}
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function worker(index: number): Event {
  return {
    type: "worker-registered",
    workerId: `w${index}`,
    processId: "p",
    resume: null,
    slots: 1,
    slotMemoryBytes: 1,
    runAddress: "http://127.0.0.1:1",
    version: "test",
    attempts: [],
  };
}
function names(loop: EventLoop): string[] {
  return [...loop.state.workers.keys()];
}

describe("event loop", () => {
  it("makes events durable before it performs what they ask for, in order", async () => {
    const loop = await open();
    loop.offer(worker(1));
    loop.offer(worker(2));
    expect(names(loop)).toEqual([]);
    await loop.submit(worker(3));
    expect(names(loop)).toEqual(["w1", "w2", "w3"]);
    expect(performed).toEqual([worker(1), worker(2), worker(3)]);
    expect(journal.eventCount).toBe(3);
  });

  it("has the same state after a restart, and performs nothing again", async () => {
    const loop = await open();
    await loop.submit(worker(1));
    time.advance(5_000);
    await loop.submit(worker(2));
    const before = structuredClone([...loop.state.workers.values()]);
    performed = [];
    const again = await reopen();
    expect([...again.state.workers.values()]).toEqual(before);
    expect(performed).toEqual([]);
  });

  it("saves checkpoints as events add up, and starts from them", async () => {
    const loop = await open();
    for (let index = 0; index < 12_000; index += 1) loop.offer(worker(index % 10));
    await loop.submit(worker(10));
    await turn();
    expect(journal.eventCount).toBeLessThan(10_000);
    const before = structuredClone([...loop.state.workers.values()]);
    const again = await reopen();
    expect([...again.state.workers.values()]).toEqual(before);
    expect(again.state.lastIncarnation).toBe(12_001);
  });

  it("saves a checkpoint when it closes, and takes nothing afterwards", async () => {
    const loop = await open();
    loop.offer(worker(1));
    loop.close();
    expect(journal.eventCount).toBe(0);
    await expect(loop.submit(worker(2))).rejects.toMatchObject({ code: "MR_NOT_READY" });
    const again = await reopen();
    expect(names(again)).toEqual(["w1"]);
  });

  it("never gives an event an earlier instant than the one before", async () => {
    const loop = await open();
    await loop.submit(worker(1));
    time.advance(-60_000);
    await loop.submit(worker(2));
    const [first, second] = [...loop.state.workers.values()];
    expect(second?.registeredAtMs).toBe(first?.registeredAtMs);
  });
});

describe("an event that the state machine cannot take", () => {
  const broken = { type: "job-planned", jobId: "a", plan: null } as unknown as Event;

  function submitted(): Event {
    const spec = jobSpecSchema.parse({
      name: "a",
      bundleSha256: "0".repeat(64),
      inputs: ["/in"],
      reader: { kind: "text" },
      writer: { kind: "tsv" },
      hasReducer: false,
    });
    return { type: "job-submitted", jobId: "a", spec, output: "/out" };
  }

  it("is set aside, changes nothing, and stops nobody", async () => {
    const loop = await open();
    loop.offer(submitted());
    loop.offer(worker(1));
    const refused = loop.submit(broken);
    loop.offer(worker(2));
    await expect(refused).rejects.toMatchObject({ code: "MR_INTERNAL" });
    expect(names(loop)).toEqual(["w1", "w2"]);
    expect(loop.state.jobs.get("a")).toMatchObject({ status: "planning", plannedAtMs: null });
    expect(performed).toEqual([submitted(), worker(1), worker(2)]);
    expect(fatal).toEqual([]);
    const again = await reopen();
    expect(serialise(again.state)).toEqual(serialise(loop.state));
    expect(again.state.jobs.get("a")?.status).toBe("planning");
  });

  it("does not keep a start from succeeding", async () => {
    journal.append([submitted(), broken, worker(1)].map((event) => ({ atMs: 1, event })));
    const loop = await open();
    expect(names(loop)).toEqual(["w1"]);
    expect(loop.state.jobs.get("a")?.status).toBe("planning");
    expect(names(await reopen())).toEqual(["w1"]);
  });
});

describe("event loop on a full disk", () => {
  it("refuses who waits for an answer, and keeps the rest until there is space", async () => {
    const loop = await open();
    journal.fullCount = 2;
    loop.offer(worker(1));
    const refused = loop.submit(worker(2));
    loop.offer(worker(3));
    await expect(refused).rejects.toMatchObject({ code: "MR_DISK_FULL" });
    expect(names(loop)).toEqual([]);
    time.advance(1_000);
    expect(names(loop)).toEqual([]);
    time.advance(1_000);
    expect(names(loop)).toEqual(["w1", "w3"]);
    expect(fatal).toEqual([]);
  });

  it("stops for good at an error that waiting cannot heal", async () => {
    const loop = await open();
    loop.offer({ type: "never-heard-of" } as unknown as Event);
    await loop.submit(worker(1));
    // Unknown events are ignored by the state; one that cannot be written is not.
    const circular: Record<string, unknown> = { ...worker(2) };
    circular["self"] = circular;
    loop.offer(circular as unknown as Event);
    await turn();
    await turn();
    expect(fatal).toHaveLength(1);
    expect(loop.isOpen).toBe(false);
  });
});
