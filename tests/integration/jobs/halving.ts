import { defineJob, former, sum, text, tsv, types } from "millrace";

/** How often the count of each word can be halved: three steps, the second one in rounds. */
export default defineJob({
  name: "halving",
  steps: (step) => [
    step({
      name: "count",
      setup: () => void process.stdout.write("it begins\n"),
      input: text(),
      emits: types<string, number>(),
      map: (line, { emit }) => {
        for (const word of line.match(/\p{L}+/gu) ?? []) emit(word, 1);
      },
      reduce: sum(),
    }),
    step({
      name: "halve",
      repeat: { until: { counter: "left", atMost: 0 }, roundsMax: 20 },
      input: former<string, number | readonly [number, number]>(),
      emits: types<string, readonly [number, number]>(),
      map: ({ key, value }, { emit, count }) => {
        const [left, halvings] = typeof value === "number" ? [value, 0] : value;
        const half = Math.floor(left / 2);
        if (half > 1) count("left");
        emit(key, left > 1 ? [half, halvings + 1] : [left, halvings]);
      },
      reduce: (word, states, { emit }) => {
        for (const state of states) emit(word, state);
      },
    }),
    step({
      name: "show",
      totalOrder: true,
      input: former<string, readonly [number, number]>(),
      emits: types<string, number>(),
      map: ({ key, value: [, halvings] }, { emit }) => emit(key, halvings),
      reduce: (word, [halvings = 0], { emit }) => emit(word, halvings),
    }),
  ],
  output: tsv(),
});
