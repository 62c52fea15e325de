import { defineJob, sum, text, tsv, words } from "millrace";

/** How often each word occurs, with built-ins on both sides. */
export default defineJob({
  name: "wordcount-builtin",
  input: text(),
  map: words(),
  combine: sum(),
  reduce: sum(),
  output: tsv(),
});
