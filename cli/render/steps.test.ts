import { describe, expect, it } from "vitest";
import { jobViewSchema, type JobView, type StepView } from "#shared/client/types";
import { Progress } from "../progress.js";
import { MemoryTerminal } from "../terminal.js";
import { failureLines } from "./failure.js";
import { jobLines } from "./job.js";
import { stepCell } from "./steps.js";

const at = "2026-01-01T00:00:00.000Z";
const nowMs = Date.parse("2026-01-01T00:00:08.000Z");
const none = { total: 0, pending: 0, running: 0, done: 0, fraction: 0 };
const half = { total: 4, pending: 2, running: 0, done: 2, fraction: 0.5 };
const all = { total: 4, pending: 0, running: 0, done: 4, fraction: 1 };

function step(name: string, fields: Partial<StepView> = {}): StepView {
  return {
    name,
    round: 1,
    isSample: false,
    isCopy: false,
    jobId: null,
    status: "pending",
    startedAt: null,
    endedAt: null,
    map: none,
    reduce: none,
    ...fields,
  };
}
const ran = (jobId: string): Partial<StepView> => ({
  jobId,
  status: "succeeded",
  startedAt: at,
  endedAt: "2026-01-01T00:00:02.000Z",
  map: all,
  reduce: all,
});

const sources = (name: string, kind: "text" | "former", ...inputs: string[]) => [
  { name, inputs, reader: { kind } },
];
const spec = {
  name: "rank",
  inputs: ["/links"],
  reader: { kind: "text" },
  writer: { kind: "tsv" },
  hasReducer: false,
  steps: [
    { name: "load", hasReducer: true, sources: sources("input", "text", "/links") },
    {
      name: "rank",
      hasReducer: true,
      sources: sources("input", "former"),
      sides: [{ name: "stop", as: "lines", inputs: ["/stop.txt"] }],
      repeat: { until: { counter: "moved", atMost: 0 }, roundsMax: 9 },
    },
    { name: "show", hasReducer: false, sources: sources("input", "former") },
  ],
};

function job(fields: Record<string, unknown> = {}): JobView {
  return jobViewSchema.parse({
    id: "rank-1",
    name: "rank",
    status: "running",
    submittedAt: at,
    startedAt: at,
    endedAt: null,
    output: "/out",
    waitingFor: null,
    map: half,
    reduce: none,
    attempts: { running: 0, failed: 0, lost: 0 },
    failure: null,
    steps: [
      step("load", ran("load-1")),
      step("rank", { ...ran("rank-r4"), round: 4 }),
      step("show"),
    ],
    spec,
    ...fields,
  });
}

describe("a job with steps", () => {
  it("shows which step and round goes on, in lines and above the bars", () => {
    const terminal = new MemoryTerminal();
    const progress = new Progress(terminal, () => nowMs);
    progress.update(job({ steps: [step("load", ran("load-1")), step("rank"), step("show")] }));
    progress.update(job());
    // A round more is no new step: it waits for its time.
    progress.update(job({ steps: [step("rank", { ...ran("rank-r5"), round: 5 }), step("show")] }));
    progress.update(job({ steps: [step("show", ran("show-1"))] }));
    progress.update(job({ status: "succeeded", endedAt: at, map: all, reduce: all }));
    expect(terminal.noteText.trimEnd().split("\n")).toEqual([
      "rank-1: step 1/3 load: map 2/4 50%, reduce 0/0 0%",
      "rank-1: step 2/3 rank, round 4: map 2/4 50%, reduce 0/0 0%",
      "rank-1: step 3/3 show: map 2/4 50%",
      "rank-1: map 4/4 100%, reduce 4/4 100%, succeeded",
    ]);
    const live = new MemoryTerminal(true);
    new Progress(live, () => nowMs).update(job());
    expect(live.noteText).toMatch(/^step 2\/3 rank, round 4\nmap {4}\[=+> +\] {2}50%.*\nreduce/);
  });

  it("says when keys are sampled, also in a job of one step, and when the output is written", () => {
    const lineOf = (view: JobView): string => {
      const terminal = new MemoryTerminal();
      new Progress(terminal).update(view);
      return terminal.noteText.trim();
    };
    const sampling = step("rank", { ...ran("s"), isSample: true });
    expect(lineOf(job({ steps: [sampling] }))).toBe(
      "rank-1: step 2/3 rank, round 1, sampling keys: map 2/4 50%",
    );
    const copying = step("rank", { ...ran("c"), round: 9, isCopy: true });
    expect(lineOf(job({ steps: [copying] }))).toContain("round 9, writing the output: map");
    const { steps: _steps, ...single } = spec;
    const ordered = { spec: { ...single, hasReducer: true, totalOrder: true } };
    expect(lineOf(job({ ...ordered, steps: [sampling, step("rank")] }))).toBe(
      "rank-1: sampling keys: map 2/4 50%",
    );
    const second = [sampling, step("rank", ran("r"))];
    expect(lineOf(job({ ...ordered, steps: second }))).toBe("rank-1: map 2/4 50%, reduce 0/0 0%");
  });

  it("lists its steps, and where the ones are that are not shown", () => {
    const lines = jobLines(job({ stepsLeftOut: 12 }), nowMs);
    expect(lines).toContain("now       step 2/3 rank, round 4");
    expect(lines).toContain("input     input=/links");
    expect(lines).toContain("side      stop=/stop.txt");
    expect(lines.slice(lines.indexOf(""))).toEqual([
      "",
      "STEP  ROUND  STATUS     MAP   REDUCE  TIME   JOB",
      "load  1      succeeded  100%  100%    2.0 s  load-1",
      "rank  4      succeeded  100%  100%    2.0 s  rank-r4",
      "show  -      pending    -     -       -      -",
      "and 12 earlier runs: millrace jobs --parent rank-1",
    ]);
    expect(stepCell(job())).toBe("2/3 rank #4");
    expect(stepCell(job({ steps: [] }))).toBe("-");
    expect(jobLines(job({ parent: "rank-0", steps: [] }), nowMs)).toContain("step of   rank-0");
  });

  it("names the step that failed, and the job that has the log", () => {
    const failure = {
      code: "MR_USER_CODE_FAILED",
      message: "map failed: no",
      jobId: "load-1",
      task: "map-00000",
      attempt: 1,
      worker: null,
      userFrame: null,
      stack: null,
      place: null,
      logTail: [],
    };
    const lines = failureLines(job({ status: "failed", endedAt: at, failure }), "/");
    expect(lines.slice(1)).toEqual([
      "  step    1/3 load",
      "  task    map-00000, attempt 1; attempts of the job: 0 failed, 0 lost",
      "  whole log: millrace logs load-1 --task map-00000 --attempt 1",
    ]);
  });
});
