import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { count, defineJob, text, tsv } from "millrace";
import { mark } from "./gate.js";

const patienceMs = 20_000;

/** Each attempt waits until two processes are in its stage at once: alone it fails. */
async function meet(stage: string, folder: string): Promise<void> {
  mark(folder, `${stage}@${process.pid}`);
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const marks = readFileSync(path.join(folder, "marks"), "utf8").split("\n");
    if (new Set(marks.filter((each) => each.startsWith(`${stage}@`))).size >= 2) return;
    if (performance.now() > deadlineMs) throw new Error(`alone in stage ${stage}`);
    await pause(10);
  }
}

export default defineJob({
  name: "meeting",
  params: { folder: { type: "string" } },
  input: text(),
  setup: ({ stage, params }) => meet(stage, params.folder),
  map: (line, { emit }) => emit(line, 1),
  reduce: count(),
  output: tsv(),
  attemptsMax: 1,
});
