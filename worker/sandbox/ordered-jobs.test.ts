import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  defineJob,
  distinct,
  fixedLength,
  identity,
  jsonl,
  jsonLines,
  types,
} from "#shared/authoring/millrace";
import type { JsonValue } from "#shared/authoring/values";
import { runInProcess, type InProcessOptions } from "./fixtures/job-in-process.js";
import {
  byKey,
  emitRow,
  groupRows,
  rowsOfTask,
  runRows,
  smallSlotBytes,
  tasksOf,
  type Row,
  type RowsOut,
} from "./fixtures/rows.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-order-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));
let runCount = 0;

function run(options: Omit<InProcessOptions, "folder">): Promise<RowsOut> {
  return runRows({ folder: path.join(folder, `run-${runCount++}`), ...options });
}

describe("a job with sortValues", () => {
  const tasks = [1, 2, 3].map((seed) => rowsOfTask(seed, 25_000, 40));
  const rankOf = (value: JsonValue): number => (value as number[])[0] ?? 0;
  const textOf = (value: JsonValue): string => (value as string[])[1] ?? "";

  it.each([
    ["true", true as const, compareValues],
    ["descending", "descending" as const, (a: JsonValue, b: JsonValue) => compareValues(b, a)],
    // Only by the number: the rest stays in the order of map task and emission.
    ["a function", rankOf, (a: JsonValue, b: JsonValue) => rankOf(a) - rankOf(b)],
  ])("set to %s gives values in that order, whatever was spilled", async (_name, flag, compare) => {
    const job = defineJob({
      name: "sorted",
      input: jsonl<Row>(),
      emits: types<string, JsonValue>(),
      map: emitRow,
      sortValues: flag,
      reduce: (key, values, { emit }) => emit(key, [...values]),
      output: jsonLines(),
    });
    const { rows, parts, spills } = await run({
      job,
      tasks: tasksOf(tasks),
      partitionCount: 3,
      slotMemoryBytes: smallSlotBytes,
    });
    expect(spills).toBeGreaterThan(1);
    expect(parts.every((part) => part.length > 0)).toBe(true);
    const expected = [...groupRows(tasks.flat())].map(([key, values]): Row => [
      key,
      values.toSorted(compare),
    ]);
    expect(rows.toSorted(byKey)).toEqual(expected.toSorted(byKey));
    for (const part of parts) expect(part).toEqual(part.toSorted(byKey));
  });

  function compareValues(a: JsonValue, b: JsonValue): number {
    return rankOf(a) - rankOf(b) || (textOf(a) < textOf(b) ? -1 : 1);
  }

  it("passes records through identity() in that order, under their own keys", async () => {
    const job = defineJob({
      name: "sorted",
      input: jsonl<Row>(),
      emits: types<string, JsonValue>(),
      map: emitRow,
      sortValues: true,
      reduce: identity(),
      output: jsonLines(),
    });
    const { rows } = await run({ job, tasks: tasksOf(tasks), slotMemoryBytes: smallSlotBytes });
    const expected = tasks.flat().toSorted((a, b) => byKey(a, b) || compareValues(a[1], b[1]));
    expect(rows).toEqual(expected);
  });

  it("fails at a value that has no order, and names what has one", async () => {
    const job = defineJob({
      name: "sorted",
      input: jsonl<Row>(),
      emits: types<string, JsonValue>(),
      map: emitRow,
      sortValues: true,
      reduce: identity(),
      output: jsonLines(),
    });
    await expect(run({ job, tasks: tasksOf([[["k", { a: 1 }]]]) })).rejects.toMatchObject({
      code: "MR_VALUE_INVALID",
      message: expect.stringMatching(/cannot be sorted by an object; allowed: null, .*function/),
    });
  });

  it("lets reduce leave values unread, and emit whenever it likes", async () => {
    const job = defineJob({
      name: "first",
      input: jsonl<Row>(),
      emits: types<string, JsonValue>(),
      map: emitRow,
      sortValues: rankOf,
      reduce: async (key, values, { emit }) => {
        for (const value of values) {
          await Promise.resolve();
          emit(`${key}!`, value);
          return;
        }
      },
      output: jsonLines(),
    });
    const { rows } = await run({ job, tasks: tasksOf(tasks), slotMemoryBytes: smallSlotBytes });
    const expected = [...groupRows(tasks.flat())].map(([key, values]): Row => [
      `${key}!`,
      values.toSorted((a, b) => rankOf(a) - rankOf(b))[0] ?? null,
    ]);
    expect(rows.toSorted(byKey)).toEqual(expected.toSorted(byKey));
  });
});

describe("distinct()", () => {
  const tasks = [41, 42].map((seed) =>
    rowsOfTask(seed, 30_000, 30).map(([key, value]): Row => [key, (value as number[])[0] ?? 0]),
  );

  it.each([
    ["as combiner and reducer", { combine: distinct() }],
    ["as reducer alone", { sortValues: true as const }],
  ])("counts different values %s", async (_name, extra) => {
    const job = defineJob({
      name: "visitors",
      input: jsonl<Row>(),
      emits: types<string, JsonValue>(),
      map: emitRow,
      reduce: distinct(),
      output: jsonLines(),
      ...extra,
    });
    const { rows, spills } = await run({
      job,
      tasks: tasksOf(tasks),
      slotMemoryBytes: smallSlotBytes,
    });
    expect(spills).toBeGreaterThan(1);
    const expected = [...groupRows(tasks.flat())].map(([key, values]): Row => [
      key,
      new Set(values).size,
    ]);
    expect(rows).toEqual(expected.toSorted(byKey));
  });
});

describe("total order", () => {
  const tasks = [51, 52].map((seed) => rowsOfTask(seed, 2_000, 500));
  const job = defineJob({
    name: "in-order",
    input: jsonl<Row>(),
    emits: types<string, JsonValue>(),
    map: emitRow,
    sortValues: "descending",
    totalOrder: true,
    reduce: identity(),
    output: jsonLines(),
  });

  it("has the keys of all parts in order, by the planned ranges", async () => {
    const keys = ["key 2", "key 4"].map((key) => Buffer.from(key).toString("base64"));
    const { parts, rows } = await run({
      job,
      tasks: tasksOf(tasks),
      partitionCount: 3,
      boundaries: { keyKind: "string", keys },
    });
    expect(parts.map((part) => part.length > 0)).toEqual([true, true, true]);
    expect(parts.flat()).toEqual(parts.map((part) => part.toSorted(byKey)).flat());
    for (const [part, least] of ["", "key 2", "key 4"].entries()) {
      const [first = ""] = parts[part]?.map(([key]) => key) ?? [];
      const [last = ""] = parts[part]?.map(([key]) => key).toReversed() ?? [];
      expect([first >= least, last < (["key 2", "key 4"][part] ?? "~")]).toEqual([true, true]);
    }
    expect(rows.map(([key]) => key)).toEqual(
      tasks
        .flat()
        .toSorted(byKey)
        .map(([key]) => key),
    );
  });

  it("is prepared by a sample: as many keys of each task as are asked for, spread evenly", async () => {
    const { parts } = await run({
      job,
      tasks: tasksOf(tasks),
      spec: {
        hasReducer: false,
        stepRun: { parentId: "p", stepIndex: 0, round: 1, formerCounters: {}, sampleKeysMax: 100 },
      },
    });
    const stride = 32;
    expect(parts).toEqual(
      tasks.map((rows) =>
        rows.filter((_, at) => at % stride === 0).map(([key]): Row => [key, null]),
      ),
    );
  });

  it("samples keys that are bytes as bytes", async () => {
    const sorting = defineJob({
      name: "in-order",
      input: fixedLength({ recordBytes: 4, keyBytes: 2 }),
      map: identity(),
      totalOrder: true,
      reduce: identity(),
      output: jsonLines(),
    });
    const { rows } = await run({
      job: sorting,
      tasks: [{ content: "b1xxa2yyc3zz" }],
      spec: {
        hasReducer: false,
        reader: sorting.definition.input?.spec ?? { kind: "text" },
        stepRun: { parentId: "p", stepIndex: 0, round: 1, formerCounters: {}, sampleKeysMax: 2 },
      },
    });
    const base64 = (text: string): JsonValue => ({ base64: Buffer.from(text).toString("base64") });
    expect(rows).toEqual([
      [base64("b1"), null],
      [base64("c3"), null],
    ]);
  });

  it("samples the beginning of a large file that could not be cut", async () => {
    const recordBytes = 16;
    const content = Buffer.alloc(65 * 1024 * 1024);
    const sorting = defineJob({
      name: "in-order",
      input: fixedLength({ recordBytes, keyBytes: 8 }),
      map: identity(),
      totalOrder: true,
      reduce: identity(),
      output: jsonLines(),
    });
    const result = await runInProcess({
      folder: path.join(folder, `run-${runCount++}`),
      job: sorting,
      tasks: [{ content }],
      spec: {
        hasReducer: false,
        stepRun: { parentId: "p", stepIndex: 0, round: 1, formerCounters: {}, sampleKeysMax: 20 },
      },
    });
    const seen = result.maps[0]?.["map.records.in"] ?? 0;
    expect(seen).toBeGreaterThanOrEqual(64 * 20);
    expect(seen * recordBytes).toBeLessThan(content.length / 8);
    expect(result.parts[0]?.split("\n").length).toBeGreaterThan(10);
  });
});
