import { defineJob, sum, text, tsv } from "millrace";

/** How often each word occurs: the job of `examples/wordcount.ts`. */
export default defineJob({
  name: "wordcount",
  input: text(),
  map: (line, { emit }) => {
    for (const word of line.match(/\p{L}+/gu) ?? []) emit(word.toLowerCase(), 1);
  },
  combine: sum(),
  reduce: sum(),
  output: tsv(),
});
