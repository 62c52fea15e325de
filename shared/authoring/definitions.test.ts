import { describe, expect, it } from "vitest";
import {
  cogroup,
  collect,
  csv,
  csvColumns,
  defineJob,
  distinct,
  former,
  join,
  jsonLines,
  mean,
  sideFormer,
  sideLines,
  sum,
  text,
  topK,
  tsv,
  types,
  words,
} from "./millrace.js";

/** The type checker reads these as a user's editor would; the tests look at what became of them. */
describe("definitions", () => {
  it("know the types of side inputs, params and sorted values", () => {
    const job = defineJob({
      name: "known",
      params: { least: { type: "number", default: 1 } },
      input: text(),
      side: { stopwords: sideLines() },
      emits: types<string, { at: number; url: string }>(),
      map: (line, { emit, side, params }) => {
        if (side.stopwords.includes(line) || line.length < params.least) return;
        emit(line, { at: 1, url: line });
      },
      sortValues: (visit) => [visit.at, visit.url],
      reduce: (user, visits, { emit, emitTo }) => {
        for (const { at, url } of visits) emit(user, [at, url]);
        emitTo("users", user, null);
      },
      output: tsv(),
      outputs: { users: jsonLines() },
    });
    expect(job.definition.side?.["stopwords"]?.as).toBe("lines");
  });

  it("give each of several inputs its own record type", () => {
    const job = defineJob({
      name: "joined",
      inputs: {
        orders: {
          input: csv(),
          map: (order, { emit }) => emit(order["customer"] ?? "", Number(order["total"])),
        },
        customers: {
          input: text(),
          map: (line, { emit }) => emit(line.slice(0, 3), line),
        },
      },
      reduce: join<number, string>("inner", (id, total, name, { emit }) => emit(id, [total, name])),
      output: csv(),
    });
    expect(Object.keys(job.definition.inputs ?? {})).toEqual(["orders", "customers"]);
    const grouped = cogroup<{ orders: readonly number[]; customers: readonly string[] }>(
      (id, { orders, customers }, { emit }) => emit(id, [orders.length, customers[0] ?? ""]),
    );
    expect(grouped.kind).toBe("cogroup");
  });

  it("give steps the job's params and the records of the step before", () => {
    const job = defineJob({
      name: "steps",
      params: { damping: { type: "number", default: 0.85 } },
      steps: (step) => [
        step({ name: "count", input: text(), map: words(), combine: sum(), reduce: sum() }),
        step({
          name: "rank",
          input: former<string, number>(),
          side: { all: sideFormer<string, number>() },
          map: ({ key, value }, { emit, params, side, former: before }) => {
            emit(key.toUpperCase(), value * params.damping + side.all.length);
            emit(key, before.counters["moved"] ?? 0);
          },
          reduce: topK(3),
          repeat: { until: { counter: "moved", atMost: 0 }, roundsMax: 10 },
        }),
      ],
      output: tsv(),
    });
    expect(job.definition.steps?.map(({ name }) => name)).toEqual(["count", "rank"]);
  });

  it("are refused with the field, its value and what is allowed", () => {
    const base = { name: "x", input: text(), map: () => undefined, output: tsv() };
    const refused: [object, RegExp][] = [
      [{ ...base, sortValues: true }, /sortValues is "set"; allowed: .* reducer/],
      [{ ...base, map: words(), input: csv() }, /map is "words\(\)"; allowed: .* text\(\)/],
      [{ ...base, map: csvColumns({ key: 0 }) }, /map is "csvColumns\(\)"; allowed: .* csv\(\)/],
      [{ ...base, params: { n: { type: "int" } } }, /params\.n\.type is "int"; allowed: "string"/],
      [{ ...base, reduce: topK(0) }, /reduce\.limit is 0; allowed: .* 1 to 100,000/],
      [{ ...base, combine: collect(2), reduce: collect(3) }, /combine is "collect\(\)"/],
      [{ ...base, combine: mean(), reduce: sum() }, /combine is "mean\(\)"/],
      [{ ...base, combine: sum(), reduce: distinct() }, /combine is "sum".* no combiner but/],
      [{ ...base, outputs: { "../up": tsv() } }, /outputs\.\.\.\/up is "\.\.\/up"/],
      [{ name: "x", output: tsv(), steps: () => [] }, /steps is an object of another kind/],
      [{ ...base, steps: () => [] }, /there is no field input; allowed: name, about/],
      [
        { ...base, reduce: cogroup(() => undefined) },
        /inputs is "0 inputs"; allowed: at least two/,
      ],
      [{ ...base, input: former() }, /input is "former\(\)"/],
    ];
    for (const [definition, message] of refused) {
      expect(() => defineJob(definition as never)).toThrow(message);
    }
  });
});
