import { defineJob, jsonLines, text, tsv, types } from "millrace";
import { begin } from "./gate.js";

/** Word count by first letter and length, with the long words in an output of their own, compressed. */
export default defineJob({
  name: "spread",
  params: {
    folder: { type: "string", default: "", about: "for marks and gates; empty: neither" },
    hold: { type: "string", default: "", about: "who waits at a gate of its name" },
  },
  input: text(),
  emits: types<string, number>(),
  setup: (task) => begin(task, task.params.folder, task.params.hold),
  map: (line, { emit }) => {
    for (const word of line.match(/\p{L}+/gu) ?? []) emit(word.toLowerCase(), 1);
  },
  reduce: (word, ones, { emit, emitTo }) => {
    let count = 0;
    for (const one of ones) count += one;
    emit(word, count);
    if (word.length > 8) emitTo("long", word, { count });
  },
  cleanup: async (task) => {
    if (task.stage === "reduce") {
      task.emitTo("tasks", task.taskIndex, "done");
      await begin({ ...task, stage: "cleanup" }, task.params.folder, task.params.hold);
    }
  },
  output: tsv(),
  outputs: { long: jsonLines({ compress: "gzip" }), tasks: tsv() },
  partitionBy: (word: string) => ({ initial: word.slice(0, 1), size: word.length > 4 ? 1 : 0 }),
});
