import { all, count, defineJob, jsonFields, jsonl, sum, tsv } from "millrace";

/** Number and sum of amounts by event and country, with built-ins on both sides. */
export default defineJob({
  name: "jsonl-builtin",
  input: jsonl(),
  map: jsonFields({ key: ["event", "country"], value: "amount" }),
  reduce: all(count(), sum()),
  output: tsv(),
});
