import { byRange, defineJob, raw, text, types } from "millrace";

/** Lines of 99 characters in the order of their first ten, through functions on strings. */
export default defineJob({
  name: "sort-own",
  params: {
    boundaries: {
      type: "string",
      default: "",
      about: "keys that part the ranges, ascending: hex, between commas",
    },
  },
  input: text(),
  emits: types<string, string>(),
  map: (line, { emit }) => emit(line.slice(0, 10), line.slice(10)),
  reduce: (key, values, { emit }) => {
    for (const value of values) emit(key, `${value}\n`);
  },
  partition: byRange(({ boundaries }: { boundaries: string }) =>
    boundaries === ""
      ? []
      : boundaries.split(",").map((key) => Buffer.from(key, "hex").toString("latin1")),
  ),
  output: raw(),
});
