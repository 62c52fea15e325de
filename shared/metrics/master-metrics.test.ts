import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MasterMetrics } from "./master-metrics.js";

let metrics: MasterMetrics;
beforeEach(() => {
  metrics = new MasterMetrics();
});
afterEach(() => {
  metrics.close();
});

describe("metrics of the master", () => {
  it("names each of its own as mapreduce_<noun>_<unit>[_total], with a sentence", async () => {
    const all = await metrics.registry.getMetricsAsJSON();
    const own = all.filter((metric) => !/^(nodejs|process)_/.test(metric.name));
    expect(own.length).toBeGreaterThan(10);
    for (const { name, help, type } of own) {
      expect(name).toMatch(/^mapreduce_[a-z_]+_(count|seconds|bytes|total)$/);
      expect(name.endsWith("_total")).toBe(String(type) === "counter");
      expect(help.length).toBeGreaterThan(5);
    }
  });

  it("shows the state as it is at the time of looking", async () => {
    let running = 2;
    metrics.readFrom(() => ({
      jobs: running > 0 ? { running } : { succeeded: 1 },
      tasks: [{ stage: "map", state: "pending", count: 7 }],
      workers: { ready: 3, draining: 0 },
      slotsTotal: 6,
      slotsUsed: 5,
      attempts: { started: 9, failed: 1, lost: 2 },
    }));
    const first = await metrics.text();
    expect(first).toContain('mapreduce_jobs_count{status="running"} 2');
    expect(first).toContain('mapreduce_tasks_count{stage="map",state="pending"} 7');
    expect(first).toContain("mapreduce_slots_count 6");
    expect(first).toContain("mapreduce_attempts_started_total 9");
    running = 0;
    const second = await metrics.text();
    expect(second).toContain("mapreduce_attempts_lost_total 2");
    expect(second).not.toContain('mapreduce_jobs_count{status="running"}');
    expect(second).toContain('mapreduce_jobs_count{status="succeeded"} 1');
  });

  it("counts by label", async () => {
    metrics.messagesSent.inc({ type: "leave" }, 4);
    metrics.journalAppendSeconds.observe(0.003);
    const text = await metrics.text();
    expect(text).toContain('mapreduce_messages_sent_total{type="leave"} 4');
    expect(text).toContain("mapreduce_journal_append_seconds_count 1");
  });
});
