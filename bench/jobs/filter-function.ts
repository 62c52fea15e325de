import { defineJob, plainLines, text } from "millrace";

/** Lines of an access log that were answered with an error, chosen by a function. Map-only. */
export default defineJob({
  name: "filter-function",
  input: text(),
  map: (line, { emit }) => {
    const status = line.indexOf('"', line.indexOf('"') + 1) + 2;
    if (Number(line.slice(status, status + 3)) >= 400) emit(line, null);
  },
  output: plainLines(),
});
