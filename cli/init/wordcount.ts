import { newFile, type Template } from "./template.js";

/** One step over one input. */
export const wordcount: Template = {
  about: "Counts words: one input, one step.",
  inputs: (name) => `--input input/${name}.txt`,
  files: (name) => [
    newFile(`${name}.ts`, jobLines(name)),
    newFile(`${name}.test.ts`, testLines(name)),
    newFile(`input/${name}.txt`, [
      "It was the best of times, it was the worst of times,",
      "it was the age of wisdom, it was the age of foolishness.",
    ]),
  ],
};

const jobLines = (name: string): string[] => [
  'import { defineJob, sum, text, tsv, types } from "millrace";',
  "",
  "export default defineJob({",
  `  name: "${name}",`,
  '  about: "How often each word occurs.",',
  "  params: {",
  '    minLength: { type: "number", default: 1, min: 1, about: "shorter words are left out" },',
  "  },",
  "  input: text(),",
  "  emits: types<string, number>(),",
  "  map: (line, { emit, params, count }) => {",
  "    for (const word of line.match(/\\p{L}+/gu) ?? []) {",
  "      if (word.length >= params.minLength) emit(word.toLowerCase(), 1);",
  '      else count("short");',
  "    }",
  "  },",
  "  // Adds up on the map side already, so that little is moved and sorted.",
  "  combine: sum(),",
  "  reduce: sum(),",
  "  output: tsv(),",
  "});",
];

const testLines = (name: string): string[] => [
  'import { testJob } from "millrace/testing";',
  'import { expect, it } from "vitest";',
  `import job from "./${name}.js";`,
  "",
  'it("counts words, whatever their case", async () => {',
  '  const { records } = await testJob(job, { input: "The cat\\nthe dog\\n", reducers: 1 });',
  "  expect(records).toEqual([",
  '    { key: "cat", value: 1 },',
  '    { key: "dog", value: 1 },',
  '    { key: "the", value: 2 },',
  "  ]);",
  "});",
  "",
  'it("leaves short words out and counts them", async () => {',
  '  const given = { input: "a cat, a hat\\n", params: { minLength: 2 }, reducers: 1 };',
  "  const { text, counters } = await testJob(job, given);",
  '  expect(text).toBe("cat\\t1\\nhat\\t1\\n");',
  '  expect(counters["short"]).toBe(2);',
  "});",
];
