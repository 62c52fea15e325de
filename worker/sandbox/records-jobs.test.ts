import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { JsonValue } from "#shared/authoring/values";
import {
  defineJob,
  identity,
  jsonLines,
  recordFiles,
  records,
  sum,
  text,
  types,
} from "#shared/authoring/millrace";
import { runInProcess } from "./fixtures/job-in-process.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-records-jobs-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** The part of a job that keeps records of each kind of key. */
async function kept(kind: "string" | "number" | "bytes"): Promise<Buffer> {
  const job = defineJob({
    name: `keep-${kind}`,
    input: text(),
    emits: types<string | number | Uint8Array, JsonValue>(),
    map: (line, { emit }) => {
      const number = Number(line);
      const value = number % 3 === 0 ? { third: number } : number % 3 === 1 ? number : `t${line}`;
      if (kind === "number") emit(number % 7, value);
      else emit(kind === "string" ? `k${number % 7}` : Buffer.from([number % 7]), value);
    },
    output: records(),
  });
  const content = Array.from({ length: 500 }, (_none, index) => `${index}\n`).join("");
  await runInProcess({ folder: path.join(folder, kind), job, tasks: [{ content }] });
  const out = path.join(folder, kind, "out");
  const files = fs.readdirSync(out, { recursive: true, withFileTypes: true });
  const part = files.find((entry) => entry.isFile());
  return fs.readFileSync(path.join(part?.parentPath ?? "", part?.name ?? ""));
}

const input = recordFiles<string, JsonValue>();
const emits = types<string, JsonValue>();
const pass = (
  { key, value }: { key: string; value: JsonValue },
  { emit }: { emit: (key: string, value: JsonValue) => void },
) => emit(key, value);

describe("jobs over files of records", () => {
  it.each(["string", "number", "bytes"] as const)(
    "pass %s keys on with identity() as a function would",
    async (kind) => {
      const content = await kept(kind);
      const gather = (
        key: string,
        values: Iterable<JsonValue>,
        { emit }: { emit: (key: string, value: JsonValue) => void },
      ): void => emit(key, [...values]);
      const output = jsonLines();
      const run = async (name: string, job: Parameters<typeof runInProcess>[0]["job"]) =>
        (
          await runInProcess({
            folder: path.join(folder, `${kind}-${name}`),
            job,
            tasks: [{ content }],
            partitionCount: 2,
          })
        ).parts;
      const jobs = {
        only: [
          defineJob({ name: "a", input, emits, map: identity(), output }),
          defineJob({ name: "a", input, emits, map: pass, output }),
        ],
        reduced: [
          defineJob({ name: "b", input, emits, map: identity(), reduce: gather, output }),
          defineJob({ name: "b", input, emits, map: pass, reduce: gather, output }),
        ],
        ordered: [
          defineJob({
            name: "c",
            input,
            emits,
            map: identity(),
            sortValues: (value: JsonValue) => JSON.stringify(value),
            reduce: gather,
            output,
          }),
          defineJob({
            name: "c",
            input,
            emits,
            map: pass,
            sortValues: (value: JsonValue) => JSON.stringify(value),
            reduce: gather,
            output,
          }),
        ],
      };
      for (const [name, [passed, mapped]] of Object.entries(jobs)) {
        if (passed === undefined || mapped === undefined) throw new Error("no jobs");
        const found = await run(`${name}-passed`, passed);
        expect(found.join("").length).toBeGreaterThan(100);
        expect(found).toEqual(await run(`${name}-mapped`, mapped));
      }
    },
  );

  it("combine the numbers of records that are passed on", async () => {
    const counts = defineJob({
      name: "counts",
      input: text(),
      emits: types<string, number>(),
      map: (line, { emit }) => emit(line, 2.5),
      output: records(),
    });
    const first = path.join(folder, "counts");
    await runInProcess({ folder: first, job: counts, tasks: [{ content: "a\nb\na\n" }] });
    const out = path.join(first, "out");
    const files = fs.readdirSync(out, { recursive: true, withFileTypes: true });
    const part = files.find((entry) => entry.isFile());
    const content = fs.readFileSync(path.join(part?.parentPath ?? "", part?.name ?? ""));
    const total = defineJob({
      name: "total",
      input: recordFiles<string, number>(),
      emits: types<string, number>(),
      map: identity(),
      combine: sum(),
      reduce: sum(),
      output: jsonLines(),
    });
    const { parts } = await runInProcess({
      folder: path.join(folder, "total"),
      job: total,
      tasks: [{ content }],
    });
    expect(parts).toEqual(['{"key":"a","value":5}\n{"key":"b","value":2.5}\n']);
  });
});
