import { defineJob, plainLines, program, text } from "millrace";

/** Lines of an access log that were answered with an error, chosen by mawk. Map-only. */
export default defineJob({
  name: "filter",
  input: text(),
  map: program("mawk '$9 >= 400'", { env: { LC_ALL: "C" } }),
  output: plainLines(),
});
