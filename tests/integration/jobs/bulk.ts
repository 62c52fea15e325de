import { defineJob, text, tsv, types } from "millrace";
import { begin } from "./gate.js";

const padding = "x".repeat(900);

/** Each line with much more than was in it, so that runs are large. */
export default defineJob({
  name: "bulk",
  params: {
    folder: { type: "string", default: "" },
    hold: { type: "string", default: "" },
  },
  input: text(),
  emits: types<string, string>(),
  setup: (task) => begin(task, task.params.folder, task.params.hold),
  map: (line, { emit, source }) => {
    const file = source.location.slice(-8);
    for (const at of [0, 1, 2, 3, 4, 5, 6, 7]) {
      emit(`${file} ${source.offset} ${at} ${line.trimEnd()}`, padding);
    }
  },
  reduce: (key, values, { emit }) => {
    for (const value of values) emit(key, value.length);
  },
  output: tsv(),
});
