import { setTimeout as pause } from "node:timers/promises";
import { defineJob, text, tsv, types } from "millrace";
import { begin } from "./gate.js";

/** Takes a while for each attempt and shows the order of its values. */
export default defineJob({
  name: "steady",
  params: {
    folder: { type: "string", default: "" },
    hold: { type: "string", default: "" },
    eachMs: { type: "number" },
  },
  input: text(),
  emits: types<string, string>(),
  setup: async (task) => {
    await begin(task, task.params.folder, task.params.hold);
    await pause(task.params.eachMs);
  },
  map: (line, { emit, count, source }) => {
    count("lines");
    const file = source.location.slice(-8, -4);
    for (const [at, word] of (line.match(/\p{L}+/gu) ?? []).entries()) {
      emit(word, `${file}:${source.offset}:${at}`);
    }
  },
  reduce: (word, places, { emit }) => emit(word, [...places].join(" ")),
  output: tsv(),
});
