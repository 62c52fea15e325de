import { all, count, defineJob, jsonl, sum, tsv } from "millrace";

interface Action {
  readonly event: string;
  readonly country: string;
  readonly amount: number;
}

/** Number and sum of amounts by event and country, through JSON.parse and a function. */
export default defineJob({
  name: "jsonl",
  input: jsonl<Action>(),
  map: ({ event, country, amount }, { emit }) => emit(`${event} ${country}`, amount),
  combine: all(count(), sum()),
  reduce: all(count(), sum()),
  output: tsv(),
});
