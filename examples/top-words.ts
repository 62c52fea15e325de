import { defineJob, former, sum, text, topK, tsv, types } from "millrace";

/** The most frequent words of each book. Two steps: count, then keep the top ones. */
export default defineJob({
  name: "top-words",
  params: { minLength: { type: "number", default: 1, min: 1 } },
  steps: (step) => [
    step({
      name: "count",
      input: text(),
      map: (line, { emit, source, params }) => {
        const book = source.location.split("/").at(-1) ?? "";
        for (const word of line.match(/\p{L}+/gu) ?? []) {
          if (word.length >= params.minLength) emit(`${book}/${word.toLowerCase()}`, 1);
        }
      },
      reduce: sum(),
    }),
    step({
      name: "top",
      input: former<string, number>(),
      emits: types<string, [count: number, word: string]>(),
      map: ({ key, value }, { emit }) => {
        const [book = "", word = ""] = key.split("/");
        emit(book, [value, word]);
      },
      reduce: topK(100),
    }),
  ],
  output: tsv(),
});
