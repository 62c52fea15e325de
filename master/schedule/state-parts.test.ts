import { describe, expect, it } from "vitest";
import { serialise } from "./serialise.js";
import { createState } from "./state.js";
import { readParts, writeParts } from "./state-parts.js";
import { step } from "./step.js";
import { jobSpecSchema } from "#shared/model/job";

function stateOf(mapCount: number): ReturnType<typeof serialise> {
  const state = createState();
  const spec = jobSpecSchema.parse({
    name: "a",
    bundleSha256: "0".repeat(64),
    inputs: ["/in"],
    reader: { kind: "text" },
    writer: { kind: "tsv" },
    hasReducer: true,
  });
  const range = { location: "/in", startByte: 0, endByte: 1, fileBytes: 1, version: "1" };
  const splits = Array.from({ length: mapCount }, () => ({ ranges: [range] }));
  const plan = { splits, partitionCount: 2, inputBytes: 1, fileCount: 1, reasons: [] };
  for (const jobId of ["a", "b"]) {
    step(state, { type: "job-submitted", jobId, spec, output: "/out" }, 1);
  }
  step(state, { type: "job-planned", jobId: "b", plan }, 2);
  const worker = { processId: "p", resume: null, slotMemoryBytes: 1, runAddress: "", version: "" };
  const workerId = "w1";
  step(state, { type: "worker-registered", workerId, slots: 1000, attempts: [], ...worker }, 3);
  return serialise(state);
}

describe("a saved state in parts", () => {
  it("is whole again after reading, in parts of bounded length", () => {
    const saved = stateOf(50_000);
    const texts = writeParts(saved).map((write) => write());
    expect(readParts(texts)).toEqual(JSON.parse(JSON.stringify(saved)));
    // The rest, two jobs, three parts of splits, one of tasks.
    expect(texts).toHaveLength(7);
  });

  it("reads what was written with one text for each job", () => {
    const { jobs, ...rest } = stateOf(3);
    const texts = [rest, ...jobs].map((each) => JSON.stringify(each));
    expect(readParts(texts).jobs).toEqual(JSON.parse(JSON.stringify(jobs)));
  });

  it("is refused when a job is missing", () => {
    const texts = writeParts(stateOf(3)).map((write) => write());
    expect(() => readParts(texts.slice(0, 1))).toThrow("checkpoint has parts");
    expect(() => readParts([texts[0] ?? "", ...texts.slice(3)])).toThrow("checkpoint has parts");
  });
});
