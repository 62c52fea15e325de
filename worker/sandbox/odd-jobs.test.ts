import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundle, LocalJob, newPool, partOf, type LocalJobOptions } from "./fixtures/local-job.js";
import type { Outcome } from "./host.js";
import type { ThreadPool } from "./thread-pool.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-odd-"));
const source = new URL("./fixtures/odd-job.mjs", import.meta.url);
let pool: ThreadPool;
let bundlePath = "";
let jobCount = 0;

beforeAll(async () => {
  bundlePath = await bundle(fs.readFileSync(source, "utf8"), path.join(folder, "odd.mjs"));
  pool = newPool();
});

// What the job keeps from attempt to attempt must not reach the next test.
afterEach(() => pool.forgetBundle(bundlePath));

afterAll(async () => {
  await pool.close();
  fs.rmSync(folder, { recursive: true });
});

function jobOf(act: string, extra: Partial<LocalJobOptions> = {}): LocalJob {
  return new LocalJob(pool, {
    folder: path.join(folder, `job-${jobCount++}`),
    bundlePath,
    act,
    ...extra,
  });
}

function countersOf(outcome: Outcome): Record<string, number> {
  if (outcome.type !== "done") throw new Error(JSON.stringify(outcome));
  return outcome.result.counters;
}

function failureOf(outcome: Outcome) {
  if (outcome.type !== "failed") throw new Error(JSON.stringify(outcome));
  return outcome.failure;
}

describe("emit that is kept", () => {
  it("beyond a map attempt does not reach the next attempt's records", async () => {
    const local = jobOf("", { mapTaskCount: 2 });
    expect((await local.map(0, "a b", "keep")).type).toBe("done");
    const second = await local.map(1, "a b", "stale");
    expect(countersOf(second)).toMatchObject({ "map.records.out": 2, "user.refused": 2 });
    expect(partOf(await local.reduce(0))).toBe("a\t2\nb\t2\n");
  });

  it("beyond a reduce attempt does not reach the next attempt's part", async () => {
    const local = jobOf("", { partitionCount: 2 });
    expect((await local.map(0, "a b")).type).toBe("done");
    expect(partOf(await local.reduce(0, "keep"))).toBe("a\t1\n");
    const second = await local.reduce(1, "stale");
    expect(countersOf(second)["user.refused"]).toBe(1);
    expect(partOf(second)).toBe("b\t1\n");
  });

  it("beyond a map-only attempt does not reach the next attempt's part", async () => {
    const local = jobOf("", { hasReducer: false });
    expect(partOf(await local.map(0, "a", "keep"))).toBe("a\t1\n");
    expect(partOf(await local.map(1, "b", "stale"))).toBe("b\t1\n");
  });

  it("and called in a combiner is refused", async () => {
    const outcome = await jobOf("emit-in-combine").map(0, "a b a");
    expect(countersOf(outcome)["map.run.records"]).toBe(2);
  });

  it("of a combiner is refused once it has returned", async () => {
    const local = jobOf("combine-keep", { mapTaskCount: 2 });
    expect((await local.map(0, "a b a")).type).toBe("done");
    const second = await local.map(1, "a");
    expect(countersOf(second)["user.refused"]).toBe(1);
    expect(partOf(await local.reduce(0))).toBe("a\t3\nb\t1\n");
  });
});

describe("emit that fails", () => {
  it("for what cannot be a key or a value costs that record alone", async () => {
    const outcome = await jobOf("bad-values").map(0, "a b");
    expect(countersOf(outcome)).toMatchObject({ "map.records.out": 2, "user.bad": 8 });
  });

  it("for the job's own partitioner ends the attempt, though map swallows it", async () => {
    const failure = failureOf(await jobOf("swallow", { partitionCount: 2 }).map(0, "a b a"));
    expect(failure.message).toContain("no partition for b");
    expect(failure.blame).toBe("user");
  });

  it("for a record that no run can hold says so", async () => {
    const local = jobOf("huge", { slotMemoryBytes: 2 ** 30 });
    const failure = failureOf(await local.map(0, "a"));
    expect(failure).toMatchObject({ code: "MR_RECORD_TOO_LARGE", permanent: true });
  });
});

describe("functions that return promises", () => {
  it("are awaited by map and reduce", async () => {
    expect(await jobOf("slow").output(["a b a"])).toEqual(["a\t2\nb\t1\n"]);
    expect(await jobOf("async").output(["a b a"])).toEqual(["a\t2\nb\t1\n"]);
  });

  it("are refused as combiner", async () => {
    expect(failureOf(await jobOf("combine-async").map(0, "a"))).toMatchObject({
      code: "MR_JOB_INVALID",
      message: expect.stringContaining("combine returned a promise") as string,
    });
  });

  it("may emit later than they return, as long as the attempt runs", async () => {
    expect(await jobOf("floating").output(["a b\na"])).toEqual(["a\t2\nb\t1\n"]);
  });
});

describe("setup and cleanup", () => {
  it.each(["map", "reduce"] as const)("that throw fail the attempt of %s", async (stage) => {
    for (const when of ["setup", "cleanup"]) {
      const local = jobOf(`${when}-throws-${stage}`);
      const mapped = await local.map(0, "a");
      const outcome = stage === "map" ? mapped : await local.reduce(0);
      expect(failureOf(outcome)).toMatchObject({
        code: "MR_USER_CODE_FAILED",
        message: `${when} failed: RangeError: ${when} is broken`,
        place: null,
      });
    }
  });

  it("may emit", async () => {
    expect(await jobOf("cleanup-emits-map").output(["a"])).toEqual(["a\t1\nfrom cleanup\t7\n"]);
    expect(await jobOf("cleanup-emits-reduce").output(["a"])).toEqual(["a\t1\nfrom cleanup\t7\n"]);
    const mapOnly = jobOf("cleanup-emits-map", { hasReducer: false });
    expect(partOf(await mapOnly.map(0, "b a"))).toBe("b\t1\na\t1\nfrom cleanup\t7\n");
    expect(await jobOf("setup-emits").output([""])).toEqual(["from setup\t1\nfrom setup\t1\n"]);
  });

  it("run for an empty input, too", async () => {
    expect(await jobOf("cleanup-emits-map").output(["", ""].slice(0, 1))).toEqual([
      "from cleanup\t7\n",
    ]);
  });
});

describe("a reducer", () => {
  it("need not read its values, nor all of them", async () => {
    const lines = ["a b a", "b"];
    expect(await jobOf("ignore", { mapTaskCount: 2 }).output(lines)).toEqual([
      "a\tunread\nb\tunread\n",
    ]);
    expect(await jobOf("first", { mapTaskCount: 2 }).output(lines)).toEqual(["a\t2\nb\t1\n"]);
  });

  it("that keeps values beyond its call reads nothing of the next group", async () => {
    expect(await jobOf("keep-values").output(["a b c"])).toEqual(["a\t0\nb\t0\nc\t0\n"]);
  });

  it("may emit keys of any kind", async () => {
    expect(await jobOf("kinds").output(["a"])).toEqual(["1\ta\nhi\ta\na\t1\n"]);
  });
});
