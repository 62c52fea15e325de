import { defineJob, identity, plainLines, text } from "millrace";

/** All lines in order, over all parts: `cat part-*` is what `LC_ALL=C sort` prints. */
export default defineJob({
  name: "sort",
  input: text(),
  map: (line, { emit }) => emit(line, null),
  totalOrder: true,
  reduce: identity(),
  output: plainLines(),
});
