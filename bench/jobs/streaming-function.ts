import { defineJob, program, text, tsv } from "millrace";

/** Word count with mawk as mapper, as in `streaming.ts`, and a function as reducer. */
export default defineJob({
  name: "streaming-function",
  input: text(),
  map: program(
    "mawk '{ $0 = tolower($0); for (i = 1; i <= NF; i++) n[$i]++ } " +
      'END { for (w in n) print w "\\t" n[w] }\'',
    { env: { LC_ALL: "C" } },
  ),
  reduce: (word, counts, { emit }) => {
    let total = 0;
    for (const count of counts) total += Number(count);
    emit(word, total);
  },
  output: tsv(),
});
