import { setTimeout as pause } from "node:timers/promises";
import { defineJob, sum, text, tsv, types } from "millrace";
import { mark } from "./gate.js";

/** Word count whose attempts take their time; every other reduce takes none. */
export default defineJob({
  name: "slow",
  params: {
    folder: { type: "string" },
    mapMs: { type: "number", default: 0, min: 0 },
    reduceMs: { type: "number", default: 0, min: 0 },
  },
  input: text(),
  emits: types<string, number>(),
  setup: async ({ stage, taskIndex, attempt, params }) => {
    mark(params.folder, `${stage}-${taskIndex}.${attempt}`);
    if (stage === "map") await pause(params.mapMs);
    else if (taskIndex % 2 === 0) await pause(params.reduceMs);
  },
  map: (line, { emit }) => {
    for (const word of line.match(/\p{L}+/gu) ?? []) emit(word.toLowerCase(), 1);
  },
  combine: sum(),
  reduce: sum(),
  output: tsv(),
});
