// A master that remembers two hundred jobs must not remember each of their millions of tasks. A job
// that ended keeps its counts and sums; of its tasks all if they are few, else those that had trouble;
// and all ended jobs together keep only so many, of which the oldest give way first.
import { describe, expect, it } from "vitest";
import { deserialise, serialise, type SavedState } from "#master/schedule/serialise";
import { createState, type ScheduleConfig } from "#master/schedule/state";
import {
  findJob,
  jobCounters,
  listAttempts,
  listTasks,
  splitBytesOf,
  winningParts,
} from "#master/schedule/views";
import { Script } from "./script.js";

const small = { endedAttemptsMax: 10, endedTroubleMax: 4, endedAttemptsTotalMax: 20 };

function scriptWith(config: Partial<ScheduleConfig> = small): Script {
  const script = new Script();
  script.state = createState(config);
  script.worker("w1", 1);
  return script;
}

/** Plays a map-only job; the tasks named fail once before they are done. */
function play(script: Script, jobId: string, mapCount: number, failing: readonly number[] = []) {
  script.nowMs += 1_000;
  script.job(jobId, mapCount, 0);
  const work = { durationMs: 1_000, counters: { "map.records.in": 2 } };
  for (let index = 0; index < mapCount; index++) {
    if (failing.includes(index)) script.failed(`${jobId}/map-${index}.1`, "w1#1");
    else script.done(`${jobId}/map-${index}.1`, "w1#1", work);
  }
  for (const taskIndex of failing) {
    script.feed({ type: "retry-due", jobId, stage: "map", taskIndex });
    script.done(`${jobId}/map-${taskIndex}.2`, "w1#1", work);
  }
  const summary = { output: "/out", partCount: mapCount, records: 0, bytes: 0 };
  script.feed({ type: "commit-done", jobId, summary });
}

function detail(script: Script, jobId: string): string {
  const remains = findJob(script.state, jobId)?.remains;
  return `${remains?.detail} ${remains?.attemptCount}`;
}

function copyOf(saved: SavedState): SavedState {
  return JSON.parse(JSON.stringify(saved)) as SavedState;
}

describe("a small job that ended", () => {
  it("shows all its tasks, attempts, split sizes and parts", () => {
    const script = scriptWith();
    play(script, "a", 5, [3]);
    expect(detail(script, "a")).toBe("all 6");
    const tasks = listTasks(script.state, "a", "map", 0, 10);
    expect(tasks.map(({ state, attemptCount }) => `${state} ${attemptCount}`)).toEqual([
      "done 1",
      "done 1",
      "done 1",
      "done 2",
      "done 1",
    ]);
    const task = { jobId: "a", stage: "map", taskIndex: 3 } as const;
    expect(listAttempts(script.state, task).map(({ state }) => state)).toEqual(["failed", "done"]);
    expect(splitBytesOf(script.state, task)).toBe(1);
    expect(winningParts(script.state, "a")).toHaveLength(5);
    expect(findJob(script.state, "a")?.plan?.splits).toEqual([]);
  });

  it("names its parts: those of the main output first, then folder by folder, task by task", () => {
    const script = scriptWith();
    script.job("a", 3, 0);
    const part = { location: "x", records: 1, bytes: 1, sha256: "0".repeat(64) };
    const [b, a] = ["b", "a=1/c=2"].map((folder) => ({ ...part, folder, extension: ".gz" }));
    const of = [[part, b, a], [], [part, a]].map((parts) =>
      parts.filter((each) => each !== undefined),
    );
    for (const [index, parts] of of.entries()) {
      script.done(`a/map-${index}.1`, "w1#1", { parts, durationMs: 1_000 });
    }
    expect(winningParts(script.state, "a").map(({ name }) => name)).toEqual([
      "part-00000",
      "part-00002",
      "a=1/c=2/part-00000.gz",
      "a=1/c=2/part-00002.gz",
      "b/part-00000.gz",
    ]);
  });

  it("leaves its parts to the manifest when they are many", () => {
    const part = { location: "x", records: 1, bytes: 1, sha256: "0".repeat(64) };
    for (const [partCount, keptCount] of [
      [10, 10],
      [11, 0],
    ] as const) {
      const script = scriptWith();
      script.job("a", 1, 0);
      const parts = Array.from({ length: partCount }, (_, at) => ({ ...part, folder: `f${at}` }));
      script.done("a/map-0.1", "w1#1", { parts });
      expect(winningParts(script.state, "a")).toHaveLength(partCount);
      const summary = { output: "/out", partCount, records: 0, bytes: 0 };
      script.feed({ type: "commit-done", jobId: "a", summary });
      expect(winningParts(script.state, "a")).toHaveLength(keptCount);
      expect(detail(script, "a")).toBe("all 1");
    }
  });

  it("has its part also when it was journalled as the only one of its attempt", () => {
    const script = scriptWith();
    script.job("a", 2, 0);
    const part = { location: "x", records: 1, bytes: 1, sha256: "0".repeat(64) };
    const former = { part, parts: undefined };
    const done = (index: number): void => {
      const { parts: _none, ...result } = { counters: {}, hasRun: false, durationMs: 1, ...former };
      const ref = { jobId: "a", stage: "map", taskIndex: index, attempt: 1 } as const;
      const event = { type: "attempt-done", ref, result, workerId: "w1", incarnation: 1 };
      script.feed(event as unknown as Parameters<Script["feed"]>[0]);
    };
    done(0);
    const saved = JSON.stringify(serialise(script.state)).replace(/"parts":\[(.*?)\]/, '"part":$1');
    expect(saved).toContain('"part":{');
    script.state = deserialise(JSON.parse(saved) as SavedState, small);
    done(1);
    const names = winningParts(script.state, "a").map(({ name }) => name);
    expect(names).toEqual(["part-00000", "part-00001"]);
  });

  it("answers a report again as before", () => {
    const script = scriptWith();
    play(script, "a", 2);
    expect(script.done("a/map-1.1", "w1#1")).toEqual(["answer-report w1#1 a/map-1.1 accepted"]);
  });
});

describe("a large job that ended", () => {
  it("shows the tasks that had trouble, and counts all", () => {
    const script = scriptWith();
    play(script, "a", 12, [5, 9]);
    expect(detail(script, "a")).toBe("trouble 4");
    const indexes = listTasks(script.state, "a", "map", 0, 10).map(({ taskIndex }) => taskIndex);
    expect(indexes).toEqual([5, 9]);
    expect(listTasks(script.state, "a", "map", 6, 10)).toMatchObject([{ taskIndex: 9 }]);
    expect(listAttempts(script.state, { jobId: "a", stage: "map", taskIndex: 0 })).toEqual([]);
    const view = findJob(script.state, "a");
    expect(view?.map).toMatchObject({ taskCount: 12, counts: { done: 12 } });
    expect(view?.attemptCounts).toMatchObject({ done: 12, failed: 2 });
    expect(jobCounters(script.state, "a")).toEqual({ "map.records.in": 24 });
  });

  it("keeps so many of them, the one that ended it among them", () => {
    const script = scriptWith();
    script.job("a", 20, 0, { attemptsMax: 2 });
    for (const index of Array.from({ length: 12 }, (_, at) => at)) {
      script.failed(`a/map-${index}.1`, "w1#1", { stack: "at job.ts", logTail: ["words"] });
    }
    script.feed({ type: "retry-due", jobId: "a", stage: "map", taskIndex: 7 });
    script.done("a/map-12.1", "w1#1", { durationMs: 1_000 });
    script.failed("a/map-7.2", "w1#1", { stack: "at job.ts", logTail: ["words"] });
    expect(detail(script, "a")).toBe("trouble 4");
    const kept = listTasks(script.state, "a", "map", 0, 20);
    expect(kept.map(({ taskIndex }) => taskIndex)).toEqual([0, 1, 7]);
    expect(kept[2]).toMatchObject({ state: "failed", attemptCount: 2, failureCount: 2 });
    const [first] = listAttempts(script.state, { jobId: "a", stage: "map", taskIndex: 7 });
    expect(first?.failure).toMatchObject({ message: "no luck", stack: null, logTail: [] });
    expect(findJob(script.state, "a")?.failure?.failure).toMatchObject({ logTail: ["words"] });
  });

  it("refuses what its attempts still say", () => {
    const script = scriptWith();
    play(script, "a", 12);
    expect(script.done("a/map-1.1", "w1#1")).toEqual(["answer-report w1#1 a/map-1.1 refused"]);
  });
});

describe("many jobs that ended", () => {
  it("keep so many attempts together: the oldest keep trouble only, then nothing", () => {
    const script = scriptWith();
    const jobs = ["a", "b", "c", "d", "e", "f", "g"];
    for (const jobId of jobs.slice(0, 3)) play(script, jobId, 7, [2, 4]);
    expect(jobs.slice(0, 3).map((jobId) => detail(script, jobId))).toEqual([
      "trouble 4",
      "trouble 4",
      "all 9",
    ]);
    for (const jobId of jobs.slice(3)) play(script, jobId, 7, [2, 4]);
    expect(jobs.map((jobId) => detail(script, jobId))).toEqual([
      "none 0",
      "none 0",
      "trouble 4",
      "trouble 4",
      "trouble 4",
      "trouble 4",
      "trouble 4",
    ]);
    expect(listTasks(script.state, "a", "map", 0, 10)).toEqual([]);
    expect(findJob(script.state, "a")?.map.counts.done).toBe(7);
  });
});

describe("a checkpoint", () => {
  it("holds what is left, and the state made of it is the same", () => {
    const script = scriptWith();
    play(script, "a", 12, [5]);
    play(script, "b", 6);
    script.job("c", 3, 1);
    const saved = serialise(script.state);
    const loaded = deserialise(copyOf(saved), small);
    expect(copyOf(serialise(loaded))).toEqual(copyOf(saved));
    expect(JSON.stringify(serialise(loaded))).toBe(JSON.stringify(saved));
    expect(findJob(loaded, "a")).toEqual(findJob(script.state, "a"));
  });

  it("of a version that kept everything is reduced when it is read", () => {
    const script = scriptWith({ ...small, endedAttemptsMax: 100, endedAttemptsTotalMax: 100 });
    play(script, "a", 12, [5]);
    const saved = copyOf(serialise(script.state));
    const former = {
      ...saved,
      jobs: saved.jobs.map(({ remains: _remains, attemptCounts: _counts, ...job }) => {
        const { counts: _maps, ...maps } = job.maps;
        const { counts: _reduces, ...reduces } = job.reduces;
        return { ...job, maps, reduces };
      }),
    };
    const loaded = deserialise(former, small);
    expect(findJob(loaded, "a")).toMatchObject({
      remains: { detail: "trouble", attemptCount: 2 },
      attemptCounts: { done: 12, failed: 1 },
      map: { counts: { done: 12 } },
    });
  });
});
