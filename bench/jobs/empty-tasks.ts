import { defineJob, text, tsv, types } from "millrace";

/** Maps that emit nothing: what is left is the cost of a task. */
export default defineJob({
  name: "empty-tasks",
  input: text(),
  emits: types<string, number>(),
  map: () => {},
  reduce: () => {},
  reducers: 1,
  output: tsv(),
});
