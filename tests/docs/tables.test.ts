import * as millrace from "millrace";
import { testJob } from "millrace/testing";
import { afterAll, describe, expect, it } from "vitest";
import { blocksOf, JobFiles, tableOf } from "./page.js";

const files = new JobFiles();
afterAll(() => files.remove());

/** A job file around one line of the page. */
function source(fields: string): string {
  const names = Object.keys(millrace).join(", ");
  return `import { ${names} } from "millrace";
const decimal = (shown) =>
  /^[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?$/i.test(shown ?? "") ? Number(shown) : NaN;
const shown = (value) =>
  value instanceof Uint8Array
    ? new TextDecoder().decode(value)
    : value instanceof Map
      ? [...value]
      : Array.isArray(value) || typeof value !== "object"
        ? value
        : Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shown(one)]));
export default defineJob({ name: "line", ${fields} });`;
}

/** Large enough that no file is cut. */
const splitBytes = 1_000_000;

describe("the tables in docs/job-api.md", () => {
  it.each(tableOf("Readers"))("%s of %s gives %s", async (reader, file, records) => {
    const job = `input: ${reader}, map: (record, { emit }) => emit(0, shown(record)), output: tsv()`;
    const input = String(JSON.parse(file ?? ""));
    const found = await testJob(await files.load(source(job)), { input, splitBytes });
    expect(found.records.map(({ value }) => value)).toEqual(JSON.parse(records ?? ""));
  });

  it.each(tableOf("Aggregates"))("%s of %s gives %s", async (aggregate, values, result) => {
    const lines = (JSON.parse(values ?? "") as unknown[]).map((value) => JSON.stringify(value));
    const map = `input: jsonl(), map: (value, { emit }) => emit("k", value)`;
    const job = await files.load(source(`${map}, reduce: ${aggregate}, output: tsv()`));
    const found = await testJob(job, { input: lines.join("\n") });
    expect(found.records).toEqual([{ key: "k", value: JSON.parse(result ?? "") as unknown }]);
  });

  it.each(tableOf("Side inputs"))("%s of %s gives %s", async (side, file, value) => {
    const map = `map: (_line, { emit, side }) => emit(0, shown(side.one))`;
    const job = await files.load(
      source(`input: text(), side: { one: ${side} }, ${map}, output: tsv()`),
    );
    const options = { input: "x", side: { one: String(JSON.parse(file ?? "")) } };
    const { records } = await testJob(job, options);
    expect(records[0]?.value).toEqual(JSON.parse(value ?? ""));
  });

  it.each(tableOf("Writers"))("%s of %s, %s gives %s", async (writer, key, value, file) => {
    const map = `map: (_line, { emit }) => emit(${key}, ${value})`;
    const job = await files.load(source(`input: text(), ${map}, output: ${writer}`));
    expect((await testJob(job, { input: "x" })).text).toBe(JSON.parse(file ?? ""));
  });

  it("have what there is", () => {
    const titles = ["Readers", "Aggregates", "Side inputs", "Writers"];
    const all = titles.map((title) => JSON.stringify(tableOf(title))).join("\n");
    const shown = [...all.matchAll(/([a-zA-Z]+)\(/g)].map(([, name]) => name);
    const elsewhere = /^(defineJob|types|identity|former|recordFiles|records|sideFormer|byRange)$/;
    const others = /^(cogroup|join|program|words|fields|csvColumns|jsonFields|regex)$/;
    const needed = Object.keys(millrace).filter((name) => !elsewhere.test(name));
    expect(needed.filter((name) => !others.test(name) && !shown.includes(name))).toEqual([]);
  });
});

const contents: Readonly<Record<string, string>> = {
  words: "The cat,\tthe_Ärger\n\n  ça va 7 va\n",
  fields:
    'h - - [t z] "GET /a H" 200 12\nh - - [t z] "GET /b H" 404 -\nshort\n' +
    'h - - [t z] "GET  /a H" 200 1.5e1\na,b,c\n,x\n',
  csvColumns: 'city,total\nGraz,3\n"Wien, 1",2.5\nGraz,many\n,1\n',
  jsonFields:
    '{"user":{"id":"a"},"bytes":3}\n{"user":{"id":7},"bytes":1.5}\n{"user":null,"bytes":1}\n' +
    '{"user":{"id":"a"},"bytes":"3"}\n[]\nnull\n{"bytes":2,"user":{"id":"a"}}\n',
  regex: 'h "GET /a H" 200 12\nh "POST /a H" 200 -\nx\nh "GET /b H" 304 7\n',
};
const readers: Readonly<Record<string, string>> = { csvColumns: "csv()", jsonFields: "jsonl()" };

describe("the built-in mappers in docs/job-api.md", () => {
  const blocks = blocksOf("Built-in mappers", "js").map((block) => {
    const [, builtin = "", own = ""] = /^(.*);\n([^]*);\n$/.exec(block) ?? [];
    return [builtin, own] as const;
  });

  it.each(blocks)("%s gives what the function below it gives", async (builtin, own) => {
    const name = /^\w+/.exec(builtin)?.[0] ?? "";
    const rest = `input: ${readers[name] ?? "text()"}, reduce: sum(), output: tsv()`;
    const outcomes = [];
    for (const map of [builtin, own]) {
      const job = await files.load(source(`map: ${map}, ${rest}`));
      outcomes.push(await testJob(job, { input: contents[name] ?? "" }));
    }
    const [fast, slow] = outcomes.map(({ text, counters }) => ({ text, counters }));
    expect(fast?.text).not.toBe("");
    expect(fast).toEqual(slow);
  });

  it("are all there", () => {
    const shown = new Set(blocks.map(([builtin]) => /^\w+/.exec(builtin)?.[0]));
    expect([...shown].toSorted()).toEqual(["csvColumns", "fields", "jsonFields", "regex", "words"]);
  });
});
