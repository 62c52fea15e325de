import { count, defineJob, text, tsv } from "millrace";

/** Prints 100,000 lines in one map task. */
export default defineJob({
  name: "chatty",
  input: text(),
  map: (line, { emit }) => {
    for (let at = 0; at < 100_000; at++) {
      process.stdout.write(`line ${at} of what nobody wants to read all of\n`);
    }
    process.stderr.write("the last line\n");
    emit(line, 1);
  },
  reduce: count(),
  output: tsv(),
});
