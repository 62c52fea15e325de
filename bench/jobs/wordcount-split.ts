import { defineJob, sum, text, tsv } from "millrace";

/** How often each word occurs, where single spaces part the words. */
export default defineJob({
  name: "wordcount-split",
  input: text(),
  map: (line, { emit }) => {
    for (const word of line.split(" ")) emit(word.toLowerCase(), 1);
  },
  combine: sum(),
  reduce: sum(),
  output: tsv(),
});
