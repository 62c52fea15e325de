import { byRange, defineJob, fixedLength, identity, raw } from "millrace";

/** Records of 100 bytes in the order of their first ten. */
export default defineJob({
  name: "sort",
  params: {
    boundaries: {
      type: "string",
      default: "",
      about: "keys that part the ranges, ascending: hex, between commas",
    },
  },
  input: fixedLength({ recordBytes: 100, keyBytes: 10 }),
  map: identity(),
  reduce: identity(),
  partition: byRange(({ boundaries }: { boundaries: string }) =>
    boundaries === "" ? [] : boundaries.split(",").map((key) => Buffer.from(key, "hex")),
  ),
  output: raw(),
});
