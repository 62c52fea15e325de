import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobSpecSchema, type JobSpec, type JobSubmission } from "#shared/model/job";
import type { InputFile, InputRange, JobPlan } from "#shared/model/split";
import { planJob } from "./plan-job.js";

const mebibyte = 1024 * 1024;

function spec(fields: Partial<JobSubmission> = {}): JobSpec {
  return jobSpecSchema.parse({
    name: "count",
    bundleSha256: "0".repeat(64),
    inputs: ["/in"],
    reader: { kind: "text" },
    writer: { kind: "tsv" },
    hasReducer: true,
    ...fields,
  });
}

function file(location: string, sizeBytes: number): InputFile {
  return { location, sizeBytes, version: `v-${location}` };
}

function plan(job: JobSpec, files: InputFile[], slots = 4): JobPlan {
  const planned = planJob(job, files, slots);
  if (!planned.ok) throw new Error(planned.failure.message);
  return planned.plan;
}

function refusal(job: JobSpec, files: InputFile[]): { code: string; message: string } {
  const planned = planJob(job, files, 4);
  if (planned.ok) throw new Error("expected a refusal");
  expect(planned.failure.permanent).toBe(true);
  return planned.failure;
}

const sizes = (made: JobPlan): number[][] =>
  made.splits.map((split) => split.ranges.map((range) => range.endByte - range.startByte));

describe("planJob: splits", () => {
  it("cuts a large file by bytes and packs small files together", () => {
    const job = spec({ splitBytes: 100 });
    const files = [file("/in/b", 250), file("/in/c", 40), file("/in/d", 50), file("/in/e", 20)];
    expect(sizes(plan(job, files))).toEqual([[100], [100], [50], [40, 50], [20]]);
  });

  it("lets a last remainder below a tenth of the target join the split before it", () => {
    expect(sizes(plan(spec({ splitBytes: 100 }), [file("/in/a", 209)]))).toEqual([[100], [109]]);
    expect(sizes(plan(spec({ splitBytes: 100 }), [file("/in/a", 210)]))).toEqual([
      [100],
      [100],
      [10],
    ]);
  });

  it("never cuts gzip files or whole-file records", () => {
    const gzip = plan(spec({ splitBytes: 100 }), [file("/in/a.gz", 1_000), file("/in/b", 200)]);
    expect(sizes(gzip)).toEqual([[1_000], [100], [100]]);
    const whole = spec({ splitBytes: 100, reader: { kind: "file", as: "text" } });
    expect(sizes(plan(whole, [file("/in/a", 1_000), file("/in/b", 0)]))).toEqual([[1_000], [0]]);
  });

  it("cuts fixed-length records at their borders and refuses a torn file by name", () => {
    const job = spec({
      splitBytes: 250,
      reader: { kind: "fixed", recordBytes: 100, keyBytes: 10 },
    });
    expect(sizes(plan(job, [file("/in/a", 500)]))).toEqual([[200], [200], [100]]);
    const { code, message } = refusal(job, [file("/in/a", 500), file("/in/torn", 450)]);
    expect(code).toBe("MR_INPUT_CORRUPT");
    expect(message).toContain("/in/torn has 450 bytes");
  });

  it("reads files in the order of their locations, whatever order they were listed in", () => {
    const made = plan(spec(), [file("/in/c", 5), file("/in/a", 5), file("/in/b", 5)]);
    const seen = made.splits.flatMap((split) => split.ranges.map((range) => range.location));
    expect([...new Set(seen)]).toEqual(["/in/a", "/in/b", "/in/c"]);
  });

  it("leaves empty files out, except as whole-file records", () => {
    expect(plan(spec(), [file("/in/a", 0)]).splits).toEqual([]);
    const whole = spec({ reader: { kind: "file", as: "bytes" } });
    expect(sizes(plan(whole, [file("/in/a", 0), file("/in/b", 0)]))).toEqual([[0], [0]]);
  });
});

describe("planJob: how many", () => {
  it("makes three maps a slot between 1 MiB and 96 MiB a split", () => {
    expect(plan(spec(), [file("/in/a", 240 * mebibyte)], 4).splits).toHaveLength(12);
    expect(plan(spec(), [file("/in/a", 4 * mebibyte)], 4).splits).toHaveLength(4);
    expect(plan(spec(), [file("/in/a", 9_600 * mebibyte)], 4).splits).toHaveLength(100);
  });

  it("makes two maps a slot up to 128 MiB a split where the job combines", () => {
    const combining = spec({ hasCombiner: true });
    expect(plan(combining, [file("/in/a", 240 * mebibyte)], 4).splits).toHaveLength(8);
    expect(plan(combining, [file("/in/a", 12_800 * mebibyte)], 4).splits).toHaveLength(100);
  });

  it("makes two maps at least where the input can be divided", () => {
    expect(plan(spec(), [file("/in/a", 2)]).splits).toHaveLength(2);
    expect(plan(spec(), [file("/in/a", 1)]).splits).toHaveLength(1);
    expect(plan(spec(), [file("/in/a.gz", 9), file("/in/b.gz", 9)]).splits).toHaveLength(2);
    expect(plan(spec(), [file("/in/a.gz", 9)]).splits).toHaveLength(1);
  });

  it("chooses reduces by input size, between 2 and the slots, unless asked for", () => {
    expect(plan(spec(), [file("/in/a", 10)], 8).partitionCount).toBe(2);
    expect(plan(spec(), [file("/in/a", 160 * mebibyte)], 8).partitionCount).toBe(5);
    expect(plan(spec(), [file("/in/a", 6_400 * mebibyte)], 8).partitionCount).toBe(8);
    expect(plan(spec({ partitionCount: 1 }), [file("/in/a", 10)]).partitionCount).toBe(1);
    expect(plan(spec({ hasReducer: false }), [file("/in/a", 10)]).partitionCount).toBe(0);
  });

  it("says why in a sentence each", () => {
    const { reasons } = plan(spec(), [file("/in/a", 10)]);
    expect(reasons).toHaveLength(2);
    expect(reasons[0]).toContain("2 map tasks over 1 file of 10 bytes");
    expect(reasons[1]).toContain("2 reduce tasks");
  });

  it("refuses an empty listing and names the inputs", () => {
    const { code, message } = refusal(spec({ inputs: ["/in/*.txt", "/more"] }), []);
    expect(code).toBe("MR_INPUT_EMPTY");
    expect(message).toContain("/in/*.txt, /more");
  });

  it("refuses more tasks than allowed and says what to change, without counting them all", () => {
    const { code, message } = refusal(spec({ splitBytes: 1 }), [file("/in/a", 10 ** 15)]);
    expect(code).toBe("MR_JOB_INVALID");
    expect(message).toContain("--split-bytes 4000000000");
  });
});

describe("planJob: any input", () => {
  const files = fc
    .uniqueArray(
      fc.record({
        name: fc.string({ minLength: 1, maxLength: 4 }),
        isGzip: fc.boolean(),
        sizeBytes: fc.oneof(fc.nat(30), fc.nat(5_000)),
      }),
      {
        selector: (each) => `${each.name}${each.isGzip ? ".gz" : ""}`,
        maxLength: 12,
        minLength: 1,
      },
    )
    .map((all) =>
      all.map((each) => file(`/in/${each.name}${each.isGzip ? ".gz" : ""}`, each.sizeBytes * 7)),
    );
  const readers = fc.constantFrom<JobSpec["reader"]>(
    { kind: "text" },
    { kind: "jsonl" },
    { kind: "file", as: "text" },
    { kind: "fixed", recordBytes: 7, keyBytes: 2 },
  );
  const target = fc.option(fc.integer({ min: 60, max: 4_000 }), { nil: undefined });

  it("covers every byte exactly once and in order", () => {
    fc.assert(
      fc.property(files, readers, target, fc.nat(5), (inputs, reader, splitBytes, slots) => {
        const job = { ...spec({ reader }), ...(splitBytes && { splitBytes }) };
        const ranges = plan(job, inputs, slots).splits.flatMap((split) => [...split.ranges]);
        const sorted = inputs.toSorted((a, b) => (a.location < b.location ? -1 : 1));
        const expected = sorted.filter((each) => each.sizeBytes > 0 || reader.kind === "file");
        expect([...new Set(ranges.map((range) => range.location))]).toEqual(
          expected.map((each) => each.location),
        );
        for (const each of expected) checkFile(each, ranges, reader);
      }),
    );
  });

  it("keeps splits near their target unless a file cannot be cut", () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 60, max: 4_000 }), (inputs, splitBytes) => {
        for (const ranges of sizes(plan(spec({ splitBytes }), inputs))) {
          const sum = ranges.reduce((total, size) => total + size, 0);
          if (ranges.length > 1) expect(sum).toBeLessThanOrEqual(splitBytes);
          expect(ranges.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  function checkFile(each: InputFile, all: InputRange[], reader: JobSpec["reader"]): void {
    const ranges = all.filter((range) => range.location === each.location);
    let at = 0;
    for (const range of ranges) {
      expect(range.startByte).toBe(at);
      expect(range.fileBytes).toBe(each.sizeBytes);
      expect(range.version).toBe(each.version);
      if (reader.kind === "fixed") expect(range.startByte % 7).toBe(0);
      at = range.endByte;
    }
    expect(at).toBe(each.sizeBytes);
    if (each.location.endsWith(".gz") || reader.kind === "file") expect(ranges).toHaveLength(1);
  }
});
