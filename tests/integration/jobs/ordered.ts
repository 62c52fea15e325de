import { defineJob, text, tsv, types } from "millrace";
import { begin } from "./gate.js";

/** Its output shows the order in which a reducer saw the values of each key. */
export default defineJob({
  name: "ordered",
  params: {
    folder: { type: "string", default: "" },
    hold: { type: "string", default: "" },
  },
  input: text(),
  emits: types<string, string>(),
  setup: (task) => begin(task, task.params.folder, task.params.hold),
  map: (line, { emit, source }) => {
    const file = source.location.slice(-8, -4);
    for (const [at, word] of (line.match(/\p{L}+/gu) ?? []).entries()) {
      emit(word, `${file}:${source.offset}:${at}`);
    }
  },
  reduce: (word, places, { emit }) => emit(word, [...places].join(" ")),
  output: tsv(),
});
