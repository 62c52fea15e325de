import { describe, expect, it } from "vitest";
import { planViewSchema } from "#shared/client/types";
import type { JobSubmission } from "#shared/model/job";
import { planLines } from "./plan.js";

const range = { startByte: 0, endByte: 2048, fileBytes: 2048, version: "1" };
const plan = {
  splitCount: 12,
  partitionCount: 2,
  inputBytes: 24_576,
  fileCount: 2,
  reasons: ["12 map tasks: because.", "2 reduce tasks: because."],
  splits: [
    { ranges: [{ ...range, location: "/a" }] },
    { ranges: [{ ...range, location: "/b" }], source: 1 },
  ],
};
const text = { kind: "text" } as const;
const spec: JobSubmission = {
  name: "j",
  bundleSha256: "0".repeat(64),
  inputs: ["/a"],
  output: "/out",
  reader: text,
  writer: { kind: "tsv" },
  hasReducer: true,
};
const lines = (view: object, of: JobSubmission): string[] =>
  planLines(planViewSchema.parse(view), of);

describe("planLines", () => {
  it("shows tasks, sizes and why, the input of each split, side inputs and outputs", () => {
    const joined: JobSubmission = {
      ...spec,
      sources: [
        { name: "orders", inputs: ["/a"], reader: text },
        { name: "customers", inputs: ["/b"], reader: text },
      ],
      sides: [{ name: "stop", as: "lines", inputs: ["/stop", "/more"] }],
      outputs: { bad: { kind: "jsonl", compress: "gzip" } },
    };
    expect(lines(plan, joined)).toEqual([
      "2 files, 24.0 KiB: 12 map tasks, 2 reduce tasks",
      "  12 map tasks: because.",
      "  2 reduce tasks: because.",
      "TASK       SIZE     INPUT      READS",
      "map-00000  2.0 KiB  orders     /a 0-2048",
      "map-00001  2.0 KiB  customers  /b 0-2048",
      "and 10 more map tasks",
      "side input stop, whole for every task: lines of /stop /more",
      "output: tsv, /out",
      "output bad: jsonl with gzip, in the folder bad of it",
    ]);
  });

  it("shows every step, and says of later ones why their sizes are not known", () => {
    const sources = [{ name: "input", inputs: [], reader: { kind: "former" as const } }];
    const step = { hasReducer: true, hasCombiner: false, sources };
    const { output: _output, ...rest } = spec;
    const chain: JobSubmission = {
      ...rest,
      steps: [
        { ...step, name: "load" },
        {
          ...step,
          name: "rank",
          sides: [{ name: "old", as: "records", inputs: [], isFormer: true }],
        },
      ],
    };
    const steps = [
      { name: "load", hasSample: true, roundsMax: 1, plan, note: null },
      { name: "rank", hasSample: false, roundsMax: 9, plan: null, note: "Reads what load writes." },
    ];
    const shown = lines({ ...plan, steps }, chain);
    expect(shown.slice(0, 3)).toEqual([
      "step 1/2 load",
      "  first a sample of the keys, which chooses their ranges.",
      "  2 files, 24.0 KiB: 12 map tasks, 2 reduce tasks",
    ]);
    expect(shown.slice(-5)).toEqual([
      "",
      "step 2/2 rank, at most 9 rounds",
      "  Reads what load writes.",
      "  side input old, whole for every task: records of the step before",
      "output: tsv, output/JOB in the master's data folder",
    ]);
  });

  it("shows no step of a job that has only one", () => {
    const steps = [{ name: "j", hasSample: true, roundsMax: 1, plan, note: null }];
    expect(lines({ ...plan, steps }, { ...spec, totalOrder: true }).slice(0, 2)).toEqual([
      "first a sample of the keys, which chooses their ranges.",
      "2 files, 24.0 KiB: 12 map tasks, 2 reduce tasks",
    ]);
  });
});
