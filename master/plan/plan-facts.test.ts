import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobSpecSchema, type JobSpec, type JobSubmission } from "#shared/model/job";
import { limits } from "#shared/model/limits";
import type { InputFile, JobPlan } from "#shared/model/split";
import { chooseBoundaries, compareBytes } from "./boundaries.js";
import { planJob, type PlanFacts } from "./plan-job.js";

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

const file = (location: string, sizeBytes: number, source?: number): InputFile => {
  return { location, sizeBytes, version: "1", ...(source === undefined ? {} : { source }) };
};

function plan(job: JobSpec, files: InputFile[], facts: PlanFacts = {}): JobPlan {
  const planned = planJob(job, files, 4, facts);
  if (!planned.ok) throw new Error(planned.failure.message);
  return planned.plan;
}

const run = { parentId: "a", stepIndex: 0, round: 1, formerCounters: {} };
const lines = { name: "lines", inputs: ["/a"], reader: { kind: "text" } } as const;
const fixed = { kind: "fixed", recordBytes: 10, keyBytes: 2 } as const;
const blocks = { name: "blocks", inputs: ["/b"], reader: fixed } as const;
const two = { sources: [lines, blocks] } as unknown as Partial<JobSubmission>;

describe("several sources", () => {
  it("never share a split, and are cut each as its reader can", () => {
    const files = [file("/b/1", 250, 1), file("/a/1", 40), file("/a/2", 15)];
    const made = plan(spec({ ...two, splitBytes: 100 }), files);
    expect(made.splits.map(({ source }) => source)).toEqual([0, 1, 1, 1]);
    expect(made.splits.map(({ ranges }) => ranges.map((each) => each.endByte))).toEqual([
      [40, 15],
      [100],
      [200],
      [250],
    ]);
    expect(made).toMatchObject({ inputBytes: 305, fileCount: 3 });
  });

  it("may be empty but for one", () => {
    expect(plan(spec(two), [file("/a/1", 40)]).splits.every((split) => split.source === 0)).toBe(
      true,
    );
    const refused = planJob(spec(two), [], 4);
    expect(refused.ok ? "" : refused.failure.message).toContain("/a, /b");
    expect(plan(spec(two), [], { mayBeEmpty: true })).toMatchObject({
      splits: [],
      partitionCount: 2,
    });
  });

  it("have their own torn files", () => {
    const refused = planJob(spec(two), [file("/a/1", 33), file("/b/1", 33, 1)], 4);
    expect(refused.ok ? "" : refused.failure.message).toContain("/b/1 has 33 bytes");
  });
});

describe("side inputs", () => {
  it("are pinned whole", () => {
    const sides = [{ name: "names", files: [file("/s/1", 5), file("/s/2", 0)] }];
    expect(plan(spec(), [file("/in", 9)], { sides }).sides).toEqual([
      [
        { location: "/s/1", startByte: 0, endByte: 5, fileBytes: 5, version: "1" },
        { location: "/s/2", startByte: 0, endByte: 0, fileBytes: 0, version: "1" },
      ],
    ]);
  });

  it("are refused by name when they are too large together", () => {
    const sides = [
      { name: "small", files: [file("/s/1", 5)] },
      { name: "large", files: [file("/s/2", limits.sideBytesMax)] },
    ];
    const refused = planJob(spec(), [file("/in", 9)], 4, { sides });
    expect(refused).toMatchObject({ ok: false, failure: { code: "MR_JOB_INVALID" } });
    expect(refused.ok ? "" : refused.failure.message).toMatch(/large alone 268435456; allowed/);
  });
});

describe("a sample", () => {
  const sampling = spec({ hasReducer: false, stepRun: { ...run, sampleKeysMax: 10 } });

  it("takes all of a small input, and sixteen pieces over a large one", () => {
    expect(plan(sampling, [file("/a", 5), file("/b", 7)]).splits).toHaveLength(1);
    const large = plan(sampling, [file("/a", 160 * mebibyte), file("/b", 160 * mebibyte)]);
    const pieces = large.splits.flatMap(({ ranges }) => ranges);
    expect(pieces).toHaveLength(16);
    expect(pieces[1]).toMatchObject({ location: "/a", startByte: 20 * mebibyte });
    expect(pieces[8]).toMatchObject({ location: "/b", startByte: 0 });
    for (const each of pieces) expect(each.endByte - each.startByte).toBe(mebibyte);
  });

  it("has a split for each slot, of pieces side by side", () => {
    const files = [file("/a", 320 * mebibyte)];
    for (const [slotCount, splitCount] of [
      [1, 1],
      [2, 2],
      [3, 3],
      [200, 16],
    ] as const) {
      const planned = planJob(sampling, files, slotCount);
      const splits = planned.ok ? planned.plan.splits : [];
      expect(splits).toHaveLength(splitCount);
      const starts = splits.flatMap(({ ranges }) => ranges.map(({ startByte }) => startByte));
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      expect(starts).toHaveLength(16);
    }
  });

  it("takes files whole that cannot be cut, each once", () => {
    const files = [file("/a.gz", 90 * mebibyte), file("/b.gz", 10 * mebibyte)];
    expect(plan(sampling, files).splits.map(({ ranges }) => ranges)).toMatchObject([
      [{ location: "/a.gz", startByte: 0, endByte: 90 * mebibyte }],
      [{ location: "/b.gz" }],
    ]);
  });

  it("never looks at a byte twice, nor beyond a file, whatever the files are", () => {
    const sizes = fc.array(fc.oneof(fc.nat(30), fc.nat(9 * mebibyte)), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(sizes, fc.constantFrom(1, 7), (all, recordBytes) => {
        const reader = { kind: "fixed", recordBytes, keyBytes: 1 } as const;
        const files = all.map((size, index) => file(`/${100 + index}`, size * recordBytes));
        const seen = new Map<string, number>();
        for (const { ranges } of plan({ ...sampling, reader }, files).splits) {
          for (const { location, startByte, endByte, fileBytes } of ranges) {
            expect(startByte % recordBytes).toBe(0);
            expect(startByte).toBeGreaterThanOrEqual(seen.get(location) ?? 0);
            expect(endByte).toBeGreaterThan(startByte);
            expect(endByte).toBeLessThanOrEqual(fileBytes);
            seen.set(location, endByte);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

it("copies each part of a last round as it is", () => {
  const copying = spec({ hasReducer: false, stepRun: { ...run, copies: true } });
  expect(plan(copying, [file("/a", 500 * mebibyte), file("/b", 1)]).splits).toHaveLength(2);
});

describe("ranges of keys", () => {
  const toText = (key: Uint8Array): string => Buffer.from(key).toString("base64");
  const keysOf = (...keys: string[]) => keys.map((key) => Buffer.from(key));

  it("make as many partitions as a sample can tell apart", () => {
    const job = spec({ totalOrder: true, partitionCount: 4 });
    const made = (keys: Buffer[]) =>
      plan(job, [file("/in", 9)], { sample: { keyKind: "string", keys, toText } });
    const letters = made(keysOf("a", "b", "c", "d", "e", "f", "g", "h"));
    expect(letters.partitionCount).toBe(4);
    expect(letters.boundaries).toEqual({
      keyKind: "string",
      keys: keysOf("c", "e", "g").map(toText),
    });
    expect(made(keysOf("a", "a", "a", "b"))).toMatchObject({ partitionCount: 2 });
    const empty = plan(job, [file("/in", 9)], { sample: { keyKind: "none", keys: [], toText } });
    expect(empty).toMatchObject({ partitionCount: 1, boundaries: { keyKind: "none", keys: [] } });
    expect(empty.reasons[1]).toContain("a sample of 0 keys");
  });

  it("ascend, and part keys that differ evenly", () => {
    const sample = fc.uniqueArray(fc.integer({ min: 0, max: 65_535 }), {
      minLength: 1,
      maxLength: 500,
    });
    fc.assert(
      fc.property(sample, fc.integer({ min: 1, max: 20 }), (numbers, count) => {
        const keys = numbers.map((each) => Buffer.from([each >> 8, each & 255])).sort(compareBytes);
        const boundaries = chooseBoundaries(keys, count);
        expect(boundaries.length).toBe(Math.min(count, keys.length) - 1);
        let from = 0;
        for (const boundary of [...boundaries, Buffer.from([255, 255, 255])]) {
          const to = keys.filter((key) => compareBytes(key, boundary) < 0).length;
          expect(to - from).toBeGreaterThan(0);
          expect(to - from).toBeLessThanOrEqual(Math.ceil(keys.length / count));
          from = to;
        }
      }),
    );
  });
});
