import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cogroup, defineJob, join, jsonl, jsonLines } from "#shared/authoring/millrace";
import type { JoinType } from "#shared/authoring/joins";
import type { JsonValue } from "#shared/authoring/values";
import type { InProcessOptions } from "./fixtures/job-in-process.js";
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

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-join-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));
let runCount = 0;

function run(options: Omit<InProcessOptions, "folder">): Promise<RowsOut> {
  return runRows({ folder: path.join(folder, `run-${runCount++}`), ...options });
}

describe("a join", () => {
  const left = [11, 12].map((seed) => rowsOfTask(seed, 600, 600));
  const right = [21, 22, 23].map((seed) => rowsOfTask(seed, 20_000, 400));
  // A map task of the larger input comes first: the order is that of the inputs all the same.
  const tasks = [
    ...tasksOf(right.slice(0, 1), 1),
    ...tasksOf(left, 0),
    ...tasksOf(right.slice(1), 1),
  ];

  function expected(type: JoinType): Row[] {
    const [leftGroups, rightGroups] = [groupRows(left.flat()), groupRows(right.flat())];
    const keys = [...new Set([...leftGroups.keys(), ...rightGroups.keys()])];
    return keys
      .flatMap((key): Row[] => {
        const none: readonly null[] = [null];
        const lefts = leftGroups.get(key) ?? (type === "right" || type === "full" ? none : []);
        const rights = rightGroups.get(key) ?? (type === "left" || type === "full" ? none : []);
        return rights.flatMap((one) => lefts.map((other): Row => [key, [other, one]]));
      })
      .toSorted(byKey);
  }

  it.each(["inner", "left", "right", "full"] as const)(
    "of type %s pairs all values",
    async (type) => {
      const emitPair = (
        key: string,
        one: JsonValue,
        other: JsonValue,
        { emit }: { emit: (key: string, value: JsonValue) => void },
      ) => {
        emit(key, [one, other]);
        // Now and then it takes its time.
        return key === "key 7" ? Promise.resolve() : undefined;
      };
      const job = defineJob({
        name: "joined",
        inputs: {
          customers: { input: jsonl<Row>(), map: emitRow },
          orders: { input: jsonl<Row>(), map: emitRow },
        },
        reduce: join<JsonValue, JsonValue>(type as "inner", emitPair as never),
        output: jsonLines(),
      });
      const { rows, parts } = await run({
        job,
        tasks,
        partitionCount: 2,
        slotMemoryBytes: smallSlotBytes,
      });
      const wanted = expected(type);
      expect(wanted.some(([, value]) => (value as JsonValue[]).includes(null))).toBe(
        type !== "inner",
      );
      expect(rows).toHaveLength(wanted.length);
      expect(rows.toSorted(byKey)).toEqual(wanted);
      expect(parts.every((part) => part.length > 0)).toBe(true);
    },
  );

  it("streams the right input, and refuses more left values than fit", async () => {
    const many = Array.from({ length: 40_000 }, (_, at): Row => ["the key", at]);
    const job = defineJob({
      name: "joined",
      inputs: {
        small: { input: jsonl<Row>(), map: emitRow },
        large: { input: jsonl<Row>(), map: emitRow },
      },
      reduce: join<string, number>("inner", (key, one, other, { emit }) => {
        if (other % 10_000 === 0) emit(key, [one, other]);
      }),
      output: jsonLines(),
    });
    const one: Row[] = [["the key", "one"]];
    const options = { job, slotMemoryBytes: smallSlotBytes };
    const fine = [...tasksOf([one], 0), ...tasksOf([many], 1)];
    const { rows } = await run({ ...options, tasks: fine });
    expect(rows.map(([, value]) => value)).toEqual(
      [0, 10_000, 20_000, 30_000].map((at) => ["one", at]),
    );
    const tooMany = [...tasksOf([many], 0), ...tasksOf([one], 1)];
    await expect(run({ ...options, tasks: tooMany })).rejects.toMatchObject({
      code: "MR_GROUP_TOO_LARGE",
      message: expect.stringMatching(
        /larger input second.* key=the key input=small maxBytes=1048576/,
      ),
    });
  });
});

describe("a cogroup", () => {
  it("gives an array for each input, in order of map task and emission", async () => {
    const inputs = [31, 32, 33].map((seed) => rowsOfTask(seed, 5_000, 40 + seed));
    const source = { input: jsonl<Row>(), map: emitRow };
    const job = defineJob({
      name: "together",
      inputs: { first: source, second: source, third: source },
      reduce: cogroup<Record<"first" | "second" | "third", readonly JsonValue[]>>(
        (key, groups, { emit }) => emit(key, groups),
      ),
      output: jsonLines(),
    });
    const tasks = inputs.flatMap((rows, index) =>
      tasksOf([rows.slice(0, 2_500), rows.slice(2_500)], index),
    );
    const { rows } = await run({ job, tasks, slotMemoryBytes: smallSlotBytes });
    const groups = inputs.map((input) => groupRows(input));
    const keys = [...new Set(groups.flatMap((group) => [...group.keys()]))];
    const expected = keys.map((key): Row => {
      const [first = [], second = [], third = []] = groups.map((group) => group.get(key));
      return [key, { first, second, third }];
    });
    expect(rows).toEqual(expected.toSorted(byKey));
    expect(expected.some(([, value]) => (value as { first: unknown[] }).first.length === 0)).toBe(
      true,
    );
  });
});
