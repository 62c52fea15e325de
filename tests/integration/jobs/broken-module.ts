import { isMainThread } from "node:worker_threads";
import { defineJob, text, tsv } from "millrace";

// Where the job is submitted it loads well.
if (!isMainThread) throw new TypeError("the model is not on this machine");

export default defineJob({
  name: "broken-module",
  input: text(),
  map: (line, { emit }) => emit(line, 1),
  output: tsv(),
});
