import { describe, expect, it } from "vitest";
import { jobSpecSchema } from "#shared/model/job";
import type { Job } from "./any-job.js";
import {
  byRange,
  cogroup,
  count,
  csv,
  defineJob,
  former,
  jsonl,
  jsonLines,
  mean,
  sideFormer,
  sideLines,
  sum,
  text,
  topK,
  tsv,
  types,
} from "./millrace.js";
import { inputNamesOf, sideNamesOf, submissionOf, type Placement } from "./spec.js";

const bundleSha256 = "a".repeat(64);

/** As it arrives at the master: over the wire, checked, with defaults. */
function submit({ definition }: Job, placement: Partial<Placement> = {}) {
  const inputs = new Map(inputNamesOf(definition).map((name) => [name, [`/in/${name}`]]));
  const sides = new Map(sideNamesOf(definition).map((name) => [name, [`/side/${name}`]]));
  const made = submissionOf(definition, { bundleSha256, inputs, sides, params: {}, ...placement });
  return jobSpecSchema.parse(JSON.parse(JSON.stringify(made)));
}

describe("submissionOf a job of one step", () => {
  it("has one reader over plain inputs", () => {
    const job = defineJob({
      name: "plain",
      input: text(),
      emits: types<string, number>(),
      map: (line, { emit }) => emit(line, 1),
      reduce: sum(),
      reducers: 3,
      output: tsv(),
      outputs: { bad: jsonLines({ compress: "gzip" }) },
      side: { stop: sideLines() },
    });
    const spec = submit(job, { splitBytes: 10, output: "/out", overwrite: true });
    expect(spec).toMatchObject({
      name: "plain",
      inputs: ["/in/input"],
      output: "/out",
      overwrite: true,
      reader: { kind: "text" },
      writer: { kind: "tsv" },
      outputs: { bad: { kind: "jsonl", compress: "gzip" } },
      sides: [{ name: "stop", as: "lines", inputs: ["/side/stop"] }],
      hasReducer: true,
      partitionCount: 3,
      splitBytes: 10,
    });
    expect(spec.sources).toBeUndefined();
    expect(spec.steps).toBeUndefined();
    expect(submit(job, { reducers: 5, name: "other" })).toMatchObject({
      name: "other",
      partitionCount: 5,
    });
  });

  it("has a source for each named input, with the reader of each", () => {
    const job = defineJob({
      name: "joined",
      emits: types<string, string>(),
      inputs: {
        orders: { input: csv(), map: (row, { emit }) => emit(row["id"] ?? "", "order") },
        customers: { input: jsonl(), map: (_row, { emit }) => emit("1", "customer") },
      },
      reduce: cogroup(() => {}),
      output: tsv(),
    });
    const inputs = new Map([
      ["orders", ["/a", "/b"]],
      ["customers", ["/c"]],
    ]);
    expect(submit(job, { inputs })).toMatchObject({
      inputs: ["/a", "/b", "/c"],
      hasReducer: true,
      hasCombiner: false,
      sources: [
        { name: "orders", inputs: ["/a", "/b"], reader: { kind: "csv", header: true } },
        { name: "customers", inputs: ["/c"], reader: { kind: "jsonl" } },
      ],
    });
  });

  it("combines where the reducer is an aggregate, unless values are to be sorted", () => {
    const fields = { name: "j", input: text(), map: () => {}, output: tsv() } as const;
    const hasCombiner = (job: Job): boolean => submit(job).hasCombiner;
    expect(hasCombiner(defineJob({ ...fields, reduce: mean() }))).toBe(true);
    expect(hasCombiner(defineJob({ ...fields, reduce: topK(2) }))).toBe(true);
    expect(hasCombiner(defineJob({ ...fields, combine: sum(), reduce: () => {} }))).toBe(true);
    expect(hasCombiner(defineJob({ ...fields, reduce: () => {} }))).toBe(false);
    expect(hasCombiner(defineJob({ ...fields, reduce: count(), sortValues: true }))).toBe(false);
    expect(hasCombiner(defineJob(fields))).toBe(false);
  });

  it("has as many partitions as there are ranges, and one sample for total order", () => {
    const fields = { name: "j", input: text(), map: () => {}, output: tsv() } as const;
    const ranges = defineJob({
      ...fields,
      params: { cut: { type: "string" } },
      reduce: sum(),
      partition: byRange(({ cut }: { cut: string }) => [cut]),
    });
    expect(submit(ranges, { params: { cut: "m" } }).partitionCount).toBe(2);
    expect(() => submit(ranges, { params: { cut: "m" }, reducers: 3 })).toThrow(
      "reducers is 3; allowed: 2, one more than byRange() has boundaries",
    );
    const ordered = defineJob({ ...fields, reduce: () => {}, totalOrder: true });
    expect(submit(ordered)).toMatchObject({ totalOrder: true });
    expect(() => submit(defineJob(fields), { reducers: 2 })).toThrow("j has no reducer");
  });
});

describe("submissionOf a job with steps", () => {
  const job = defineJob({
    name: "rank",
    params: { damping: { type: "number", default: 0.85 } },
    steps: (step) => [
      step({
        name: "load",
        inputs: {
          links: { input: text(), map: () => {} },
          weights: { input: tsv(), map: () => {} },
        },
        reduce: () => {},
        reducers: 4,
      }),
      step({
        name: "rank",
        repeat: { until: { counter: "moved", atMost: 0 }, roundsMax: 9 },
        inputs: {
          former: { input: former(), map: () => {} },
          links: { input: text(), map: () => {} },
        },
        side: { ranks: sideFormer(), stop: sideLines() },
        reduce: sum(),
        splitBytes: 77,
      }),
      step({ name: "show", input: former(), map: () => {} }),
    ],
    output: tsv(),
  });

  it("gives every step its sources, side inputs and shape", () => {
    const spec = submit(job, { params: { damping: 1 } });
    expect(spec).toMatchObject({
      inputs: ["/in/links", "/in/weights"],
      reader: { kind: "text" },
      hasReducer: false,
      params: { damping: 1 },
    });
    expect(spec.sources).toBeUndefined();
    expect(spec.sides).toBeUndefined();
    expect(spec.steps).toEqual([
      {
        name: "load",
        hasReducer: true,
        hasCombiner: false,
        partitionCount: 4,
        sources: [
          { name: "links", inputs: ["/in/links"], reader: { kind: "text" } },
          { name: "weights", inputs: ["/in/weights"], reader: { kind: "tsv" } },
        ],
      },
      {
        name: "rank",
        hasReducer: true,
        hasCombiner: true,
        splitBytes: 77,
        sources: [
          { name: "former", inputs: [], reader: { kind: "former" } },
          { name: "links", inputs: ["/in/links"], reader: { kind: "text" } },
        ],
        sides: [
          { name: "ranks", as: "records", inputs: [], isFormer: true },
          { name: "stop", as: "lines", inputs: ["/side/stop"] },
        ],
        repeat: { until: { counter: "moved", atMost: 0 }, roundsMax: 9 },
      },
      {
        name: "show",
        hasReducer: false,
        hasCombiner: false,
        sources: [{ name: "input", inputs: [], reader: { kind: "former" } }],
      },
    ]);
  });

  it("takes splitBytes for every step and reducers for the last one", () => {
    const { steps = [] } = submit(job, { splitBytes: 5 });
    expect(steps.map((step) => step.splitBytes)).toEqual([5, 5, 5]);
    expect(() => submit(job, { reducers: 2 })).toThrow(
      "--reducers is 2, but show has no reducer; allowed: leaving it out",
    );
  });

  it("names each input and side input once", () => {
    expect(inputNamesOf(job.definition)).toEqual(["links", "weights"]);
    expect(sideNamesOf(job.definition)).toEqual(["stop"]);
  });
});
