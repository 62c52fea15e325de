import { setTimeout as pause } from "node:timers/promises";
import { defineJob, text, tsv } from "millrace";

/** Ends the process of its worker at the line that says so, each time. */
export default defineJob({
  name: "killer",
  input: text(),
  map: async (line, { emit }) => {
    if (line.startsWith("kill")) {
      process.kill(process.pid, "SIGKILL");
      await pause(10_000);
    }
    emit(line, 1);
  },
  output: tsv(),
});
