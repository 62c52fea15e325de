import { describe, expect, it } from "vitest";
import {
  all,
  cogroup,
  collect,
  count,
  csv,
  defineJob,
  distinct,
  first,
  former,
  histogram,
  identity,
  join,
  jsonl,
  jsonLines,
  max,
  program,
  sideFormer,
  sideJson,
  sideLines,
  sum,
  text,
  topK,
  tsv,
  types,
  words,
  type Aggregate,
} from "millrace";
import { testJob } from "./testing.js";

const byKey = (records: readonly { key: unknown; value: unknown }[]): Record<string, unknown> =>
  Object.fromEntries(records.map(({ key, value }) => [String(key), value]));

describe("testJob", () => {
  it("takes several inputs by name, joined and grouped", async () => {
    const inputs = {
      users: { input: csv(), map: identityOf("id") },
      visits: { input: jsonl<{ user: string; url: string }>(), map: visitOf },
    };
    const joined = defineJob({
      name: "joined",
      inputs,
      reduce: join<string, string>("left", (id, name, url, { emit }) => emit(id, [name, url])),
      output: csv(),
    });
    const input = {
      users: "id,name\n1,Ada\n2,Bob\n",
      visits: ['{"user":"1","url":"/b"}\n', '{"user":"1","url":"/a"}\n'],
    };
    const { records } = await testJob(joined, { input, reducers: 1 });
    expect(records).toEqual([
      { key: "1", value: ["Ada", "/b"] },
      { key: "1", value: ["Ada", "/a"] },
      { key: "2", value: ["Bob", null] },
    ]);
    const grouped = defineJob({
      name: "grouped",
      inputs,
      reduce: cogroup<{ users: string[]; visits: string[] }>((id, { users, visits }, { emit }) =>
        emit(id, { users: [...users], visits: [...visits].sort() }),
      ),
      output: jsonLines(),
    });
    const found = await testJob(grouped, { input });
    expect(byKey(found.records)["1"]).toEqual({ users: ["Ada"], visits: ["/a", "/b"] });
  });

  it("takes side inputs, and the same name for what is shared", async () => {
    const job = defineJob({
      name: "sides",
      input: text(),
      side: { stopwords: sideLines(), weights: sideJson<Record<string, number>>() },
      map: (line, { emit, side }) => {
        if (!side.stopwords.includes(line)) emit(line, side.weights[line] ?? 0);
      },
      reduce: (word, values, { emit, side }) => {
        for (const value of values) emit(word, [Number(value), Object.keys(side).length]);
      },
      output: tsv(),
    });
    const side = { stopwords: "the\na", weights: '{"cat":3}' };
    const { records } = await testJob(job, { input: "the\ncat\n", side });
    expect(records).toEqual([{ key: "cat", value: [3, 2] }]);
    await expect(testJob(job, { input: "x", side: { stopwords: "" } })).rejects.toThrow(
      "testJob: side lacks weights; needed: stopwords, weights",
    );
  });

  it("runs steps one after another, with what the step before left", async () => {
    const job = defineJob({
      name: "most",
      steps: (step) => [
        step({
          name: "count",
          input: text(),
          map: words(),
          reduce: (word, counts: Iterable<number>, { emit, count: add }) => {
            let total = 0;
            for (const one of counts) total += one;
            add("words", total);
            emit(word, total);
          },
        }),
        step({
          name: "top",
          input: former<string, number>(),
          side: { counts: sideFormer<string, number>() },
          map: ({ key, value }, { emit, former: before, side }) =>
            emit("all", [value, key, before.counters["words"] ?? 0, side.counts.length]),
          reduce: topK(2),
        }),
      ],
      output: jsonLines(),
    });
    const { records, counters, text: lines } = await testJob(job, { input: "b a\na c\nb a\n" });
    expect(records).toEqual([
      {
        key: "all",
        value: [
          [3, "a", 6, 3],
          [2, "b", 6, 3],
        ],
      },
    ]);
    expect(lines).toBe('{"key":"all","value":[[3,"a",6,3],[2,"b",6,3]]}\n');
    expect(counters).toEqual({ words: 6 });
  });

  it("repeats a step until its counter says so, and writes the last round as the output", async () => {
    const job = defineJob({
      name: "halving",
      steps: (step) => [
        step({
          name: "read",
          input: text(),
          map: (line, { emit }) => emit(line, Number(line)),
          reduce: first(),
        }),
        step({
          name: "halve",
          repeat: { until: { counter: "large", atMost: 0 }, roundsMax: 10 },
          input: former<string, number>(),
          map: ({ key, value }, { emit, count: add, round }) => {
            add("rounds", round);
            if (value / 2 >= 1) add("large");
            emit(key, value / 2);
          },
          reduce: identity(),
        }),
      ],
      output: tsv(),
    });
    const { records, text: lines, counters } = await testJob(job, { input: "8\n3\n" });
    expect(byKey(records)).toEqual({ 8: 0.5, 3: 0.1875 });
    expect(lines.split("\n").sort()).toEqual(["", "3\t0.1875", "8\t0.5"]);
    expect(counters).toEqual({ large: 4, rounds: 20 });
  });

  it("orders keys over all parts", async () => {
    const job = defineJob({
      name: "sorted",
      input: text(),
      map: (line, { emit, count: add }) => {
        add("lines");
        emit(Number(line), null);
      },
      reduce: identity(),
      totalOrder: true,
      output: tsv(),
    });
    const input = Array.from({ length: 200 }, (_, index) => (index * 37) % 200).join("\n");
    const { text: lines, files, counters } = await testJob(job, { input });
    expect(lines).toBe(Array.from({ length: 200 }, (_, index) => `${index}\n`).join(""));
    expect(files["part-00000"]).toMatch(/^0\n/);
    expect(files["part-00001"]?.length).toBeGreaterThan(100);
    expect(counters).toEqual({ lines: 200 });
  });

  it("gives named outputs, folders and compressed parts", async () => {
    const job = defineJob({
      name: "outputs",
      input: text(),
      map: (line, { emit }) => emit(line.slice(0, 1), line),
      reduce: (key, lines, { emit, emitTo }) => {
        for (const line of lines) emit(key, line);
        emitTo("seen", key, { at: undefined, n: 1 } as never);
      },
      partitionBy: (key: string) => ({ letter: key }),
      output: tsv({ compress: "gzip" }),
      outputs: { seen: jsonLines(), none: tsv() },
    });
    const result = await testJob(job, { input: "b1\na1\nb2\n", reducers: 1 });
    expect(result.records).toEqual([
      { key: "a", value: "a1" },
      { key: "b", value: "b1" },
      { key: "b", value: "b2" },
    ]);
    expect(result.text).toBe("a\ta1\nb\tb1\nb\tb2\n");
    expect(result.files).toMatchObject({
      "letter=a/part-00000.gz": "a\ta1\n",
      "letter=b/part-00000.gz": "b\tb1\nb\tb2\n",
    });
    expect(result.outputs["seen"]?.records).toEqual([
      { key: "a", value: { n: 1 } },
      { key: "b", value: { n: 1 } },
    ]);
    expect(result.outputs["seen"]?.text).toBe(
      '{"key":"a","value":{"n":1}}\n{"key":"b","value":{"n":1}}\n',
    );
    expect(result.outputs["none"]).toEqual({ records: [], text: "" });
  });

  it("runs every aggregate, with what it combines", async () => {
    const aggregates: readonly [Aggregate<number>, unknown][] = [
      [all(count(), max()), [4, 12]],
      [collect(3), [5, 12, 5]],
      [distinct(), 3],
      [first(), 5],
      [histogram([6, 12]), [3, 0, 1]],
      [topK(2), [12, 5]],
      [sum(), 26],
    ];
    for (const [aggregate, expected] of aggregates) {
      const job = defineJob({
        name: "aggregate",
        input: text(),
        emits: types<string, number>(),
        map: (line, { emit }) => emit("k", Number(line)),
        reduce: aggregate,
        output: jsonLines(),
      });
      const { records } = await testJob(job, { input: "5\n12\n5\n4\n", splitBytes: 2 });
      expect(records, aggregate.spec.name).toEqual([{ key: "k", value: expected }]);
    }
  });

  it("hands on what was combined as values, which another aggregate counts one by one", async () => {
    const job = defineJob({
      name: "recounted",
      steps: (step) => [
        step({
          name: "count",
          input: text(),
          map: (line, { emit }) => emit(line, "x"),
          combine: count(),
          reduce: identity(),
        }),
        step({ name: "recount", input: former(), map: identity(), reduce: all(count(), sum()) }),
      ],
      output: jsonLines(),
    });
    const { records } = await testJob(job, { input: ["k\nk\nk\nk\n", "k\nk\nk\nk\n"] });
    expect(records).toEqual([{ key: "k", value: [2, 8] }]);
    // With sorted values each one passes as it was written.
    const [counts, second] = job.definition.steps ?? [];
    const counting = { ...second, reduce: count(), sortValues: true };
    const recounted = defineJob({ ...job.definition, steps: () => [counts, counting] } as never);
    const { records: counted } = await testJob(recounted, { input: ["k\nk\n", "k\nk\n"] });
    expect(counted).toEqual([{ key: "k", value: 2 }]);
  });

  it("brings values in order", async () => {
    const job = defineJob({
      name: "ordered",
      input: text(),
      emits: types<string, string>(),
      map: (line, { emit }) => emit("k", line),
      sortValues: "descending",
      reduce: (key, lines, { emit }) => emit(key, [...lines]),
      output: jsonLines(),
    });
    const { records } = await testJob(job, { input: "b\nc\na\n" });
    expect(records).toEqual([{ key: "k", value: ["c", "b", "a"] }]);
  });

  it("runs programs", async () => {
    const job = defineJob({
      name: "programs",
      input: text(),
      map: program("tr a-z A-Z"),
      reduce: program("cut -f1 | uniq -c | awk '{ print $2 \"\\t\" $1 }'"),
      output: tsv(),
    });
    const { records } = await testJob(job, { input: "b\na\nb\n" });
    expect(byKey(records)).toEqual({ A: "1", B: "2" });
  });
});

function identityOf(column: string) {
  return (
    row: Readonly<Record<string, string>>,
    { emit }: { emit: (k: string, v: string) => void },
  ) => emit(row[column] ?? "", row["name"] ?? "");
}

function visitOf(
  visit: { user: string; url: string },
  { emit }: { emit: (k: string, v: string) => void },
): void {
  emit(visit.user, visit.url);
}
