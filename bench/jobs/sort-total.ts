import { defineJob, fixedLength, identity, raw } from "millrace";

/** Records of 100 bytes in the order of their first ten; the ranges come from the cluster's own sample. */
export default defineJob({
  name: "sort-total",
  input: fixedLength({ recordBytes: 100, keyBytes: 10 }),
  map: identity(),
  totalOrder: true,
  reduce: identity(),
  output: raw(),
});
