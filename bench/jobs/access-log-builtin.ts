import { all, count, defineJob, fields, sum, text, tsv } from "millrace";

/** Requests and bytes by path and status, with built-ins on both sides. */
export default defineJob({
  name: "access-log-builtin",
  input: text(),
  map: fields({ key: [6, 8], value: 9 }),
  reduce: all(count(), sum()),
  output: tsv(),
});
