import { all, count, defineJob, fields, sum, text, tsv } from "millrace";

/**
 * The same as `access-log.ts` with built-ins on both sides, so that no line becomes a string: path and
 * status are the seventh and the ninth field. Requests without a size (`-`) are left out.
 */
export default defineJob({
  name: "access-log-builtin",
  input: text(),
  map: fields({ key: [6, 8], value: 9 }),
  reduce: all(count(), sum()),
  output: tsv(),
});
