import { defineJob, text, tsv } from "millrace";
import { begin } from "./gate.js";

/** Map-only: each line in capitals. */
export default defineJob({
  name: "upper",
  params: {
    folder: { type: "string", default: "" },
    hold: { type: "string", default: "" },
  },
  input: text(),
  setup: (task) => begin(task, task.params.folder, task.params.hold),
  map: (line, { emit }) => emit(line.trimEnd().toUpperCase(), null),
  output: tsv(),
});
