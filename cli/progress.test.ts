import { describe, expect, it } from "vitest";
import type { JobView } from "#shared/client/types";
import { Progress } from "./progress.js";
import { failureLines } from "./render/failure.js";
import { bar, jobLines } from "./render/job.js";
import { bytesText, durationText, percent, plural, printable, table } from "./render/text.js";
import { MemoryTerminal } from "./terminal.js";

function job(changes: Partial<JobView> = {}): JobView {
  const stage = { total: 4, pending: 4, running: 0, done: 0, fraction: 0 };
  return {
    id: "w-20260101-000000-abcd",
    name: "w",
    status: "running",
    submittedAt: "2026-01-01T00:00:00.000Z",
    startedAt: null,
    endedAt: null,
    output: "/out",
    waitingFor: null,
    map: stage,
    reduce: stage,
    attempts: { running: 0, failed: 0, lost: 0 },
    failure: null,
    parent: null,
    steps: [],
    stepsLeftOut: 0,
    spec: {
      name: "w",
      paramSpecs: {},
      params: { top: 3 },
      inputs: ["/in"],
      overwrite: false,
      reader: { kind: "text" },
      writer: { kind: "tsv" },
      hasReducer: true,
      hasCombiner: false,
      attemptsMax: 4,
      lossesMax: 8,
      taskTimeoutMs: 600_000,
    },
    ...changes,
  };
}
const half = { total: 4, pending: 1, running: 1, done: 2, fraction: 0.5 };

describe("Progress", () => {
  it("writes a plain line for a change, at most one every two seconds, and always the last", () => {
    const terminal = new MemoryTerminal();
    let nowMs = 0;
    const progress = new Progress(terminal, () => nowMs);
    progress.update(job());
    nowMs = 1000;
    progress.update(job({ map: half }));
    nowMs = 2500;
    progress.update(job({ map: half }));
    nowMs = 9000;
    progress.update(job({ map: half }));
    progress.update(job({ map: half, status: "succeeded", endedAt: "2026-01-01T00:00:09.000Z" }));
    expect(terminal.noteText.trimEnd().split("\n")).toEqual([
      "w-20260101-000000-abcd: map 0/4 0%, reduce 0/4 0%",
      "w-20260101-000000-abcd: map 2/4 50%, reduce 0/4 0%",
      "w-20260101-000000-abcd: map 2/4 50%, reduce 0/4 0%, succeeded",
    ]);
    expect(terminal.outText).toBe("");
  });

  it("redraws its bars in place on a live terminal", () => {
    const terminal = new MemoryTerminal(true);
    const progress = new Progress(terminal, () => Date.parse("2026-01-01T00:00:03.000Z"));
    progress.update(job());
    progress.update(job({ map: half }));
    progress.say("a note");
    progress.end();
    const [, ...redraws] = terminal.noteText.split("\u001b[2A\u001b[0J");
    expect(redraws).toHaveLength(2);
    expect(redraws[0]).toMatch(/^map {4}\[=+> +\] {2}50% {2}2\/4 tasks {2}3\.0 s\nreduce \[ +\]/);
    expect(redraws[1]).toMatch(/^a note\nmap/);
    for (const line of terminal.noteText.split("\n")) expect(line.length).toBeLessThan(90);
  });

  it("says what a job waits for", () => {
    const terminal = new MemoryTerminal();
    new Progress(terminal).update(job({ waitingFor: "no worker is registered" }));
    expect(terminal.noteText).toContain("waiting: no worker is registered");
  });
});

describe("failureLines", () => {
  it("puts the probable cause into one message", () => {
    const failed = job({
      status: "failed",
      attempts: { running: 0, failed: 4, lost: 1 },
      failure: {
        code: "MR_USER_CODE_FAILED",
        message: "map failed: cannot read x",
        jobId: "w-20260101-000000-abcd",
        task: "map-00003",
        attempt: 4,
        worker: "worker-1",
        userFrame: "/home/me/jobs/words.ts:8:20",
        stack: "Error: cannot read x\n    at map (/home/me/jobs/words.ts:8:20)",
        place: { location: "/data/a.txt", offset: 1234, preview: "a line\u001b[31m" },
        logTail: ["printed before"],
      },
    });
    expect(failureLines(failed, "/home/me")).toEqual([
      "job w-20260101-000000-abcd failed: map failed: cannot read x (MR_USER_CODE_FAILED)",
      "  in      jobs/words.ts:8:20",
      "  at      /data/a.txt, byte 1234",
      "  record  a line\\x1b[31m",
      "  task    map-00003, attempt 4 on worker-1; attempts of the job: 4 failed, 1 lost",
      "  stack",
      "    Error: cannot read x",
      "    at map (/home/me/jobs/words.ts:8:20)",
      "  last lines printed",
      "    printed before",
      "  whole log: millrace logs w-20260101-000000-abcd --task map-00003 --attempt 4",
    ]);
  });

  it("keeps the engine's own stack to itself when the message says all", () => {
    const refused = job({
      status: "failed",
      failure: {
        code: "MR_INPUT_CORRUPT",
        message: "map failed: line is not JSON location=/data/a.jsonl offset=0",
        jobId: "w-20260101-000000-abcd",
        task: null,
        attempt: null,
        worker: null,
        userFrame: null,
        stack: "Fault: line is not JSON\n    at read (/opt/millrace/dist/worker/a.js:8:20)",
        place: null,
        logTail: [],
      },
    });
    expect(failureLines(refused, "/")).toEqual([
      "job w-20260101-000000-abcd failed: " +
        "map failed: line is not JSON location=/data/a.jsonl offset=0 (MR_INPUT_CORRUPT)",
    ]);
  });

  it("says only what is known", () => {
    expect(failureLines(job({ status: "cancelled" }), "/")).toEqual([
      "job w-20260101-000000-abcd cancelled",
    ]);
  });
});

describe("text for people", () => {
  it("shows sizes, durations and counts", () => {
    expect([0, 1023, 1024, 1536, 5 * 1024 ** 3].map((bytes) => bytesText(bytes))).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "5.0 GiB",
    ]);
    expect([5, 999, 4_200, 59_960, 185_000, 7_800_000].map((ms) => durationText(ms))).toEqual([
      "5 ms",
      "999 ms",
      "4.2 s",
      "1 min 00 s",
      "3 min 05 s",
      "2 h 10 min",
    ]);
    expect(plural(1, "part")).toBe("1 part");
    expect(plural(1200, "part")).toBe("1,200 parts");
  });

  it("draws bars that are full only when all is done", () => {
    expect(bar(0, 4)).toBe("[    ]");
    expect(bar(0.5, 4)).toBe("[=>  ]");
    expect(bar(1, 4)).toBe("[====]");
    expect(percent(0.999)).toBe("99%");
    expect(percent(0.29)).toBe("29%");
  });

  it("aligns tables, numbers to the right", () => {
    expect(table(["A", "N"], [["x", 5] as const, ["long", 1000] as const])).toEqual([
      "A         N",
      "x         5",
      "long  1,000",
    ]);
  });

  it("lets no control character through but line end and tab", () => {
    expect(printable("a\u0007\tb\nc\u009b")).toBe("a\\x07\tb\nc\\x9b");
  });

  it("describes a job", () => {
    const lines = jobLines(job({ map: half }), Date.parse("2026-01-01T00:01:00.000Z"));
    expect(lines).toContain("map       50%: 2 of 4 tasks done, 1 running, 1 pending");
    expect(lines).toContain("submitted 2026-01-01 00:00:00Z, 1 min 00 s ago");
    expect(lines).toContain("params    top=3");
  });
});
