import { defineJob, sum, text, tsv, types } from "millrace";
import { begin } from "./gate.js";

/** Word count whose attempts can be watched and held before their first record. */
export default defineJob({
  name: "words",
  params: {
    folder: { type: "string", default: "", about: "for marks and gates; empty: neither" },
    hold: { type: "string", default: "", about: "who waits at a gate of its name" },
  },
  input: text(),
  emits: types<string, number>(),
  setup: (task) => begin(task, task.params.folder, task.params.hold),
  map: (line, { emit, count }) => {
    count("lines");
    for (const word of line.match(/\p{L}+/gu) ?? []) emit(word.toLowerCase(), 1);
  },
  combine: sum(),
  reduce: sum(),
  output: tsv(),
});
