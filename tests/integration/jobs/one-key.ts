import { defineJob, text, tsv, types } from "millrace";

const padding = "p".repeat(120);

/** Emits all it reads under one key. */
export default defineJob({
  name: "one-key",
  input: text(),
  emits: types<string, string>(),
  map: (line, { emit }) => {
    for (let at = 0; at < 100; at++) emit("all", `${line} ${at} ${padding}`);
  },
  reduce: (key, values, { emit, count }) => {
    let found = 0;
    let chars = 0;
    for (const value of values) {
      found++;
      chars += value.length;
    }
    count("groups");
    emit(key, `${found} ${chars}`);
  },
  output: tsv(),
});
