import { newFile, type Template } from "./template.js";

/** Two steps: the second reads what the first one wrote. */
export const steps: Template = {
  about: "Finds the most frequent words: two steps, the second over the output of the first.",
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
  'import { defineJob, former, sum, text, tsv, types } from "millrace";',
  "",
  "export default defineJob({",
  `  name: "${name}",`,
  '  about: "The most frequent words, most frequent first.",',
  "  params: {",
  '    top: { type: "number", default: 10, min: 1, about: "so many words" },',
  "  },",
  "  steps: (step) => [",
  "    step({",
  '      name: "count",',
  "      input: text(),",
  "      emits: types<string, number>(),",
  "      map: (line, { emit }) => {",
  "        for (const word of line.match(/\\p{L}+/gu) ?? []) emit(word.toLowerCase(), 1);",
  "      },",
  "      combine: sum(),",
  "      reduce: sum(),",
  "    }),",
  "    step({",
  '      name: "top",',
  "      input: former<string, number>(),",
  "      emits: types<string, readonly [number, string]>(),",
  '      map: ({ key, value }, { emit }) => emit("all", [value, key]),',
  '      sortValues: "descending",',
  "      reduce: (_all, counts, { emit, params }) => {",
  "        let left = params.top;",
  "        for (const [count, word] of counts) {",
  "          if (left-- === 0) return;",
  "          emit(word, count);",
  "        }",
  "      },",
  "      reducers: 1,",
  "    }),",
  "  ],",
  "  output: tsv(),",
  "});",
];

const testLines = (name: string): string[] => [
  'import { testJob } from "millrace/testing";',
  'import { expect, it } from "vitest";',
  `import job from "./${name}.js";`,
  "",
  'it("finds the most frequent words, most frequent first", async () => {',
  '  const given = { input: "a b a\\nc a b\\n", params: { top: 2 } };',
  "  const { text } = await testJob(job, given);",
  '  expect(text).toBe("a\\t3\\nb\\t2\\n");',
  "});",
];
