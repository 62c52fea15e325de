import { defineJob, text, tsv } from "millrace";

/** Says what its parameters are. */
export default defineJob({
  name: "typed",
  params: {
    count: { type: "number", min: 1, max: 9 },
    isLoud: { type: "boolean", default: false },
    color: { type: "string", choices: ["red", "blue"], default: "red" },
  },
  input: text(),
  map: (_line, { emit, params }) => {
    // Wrong types here would not pass the type checker.
    const tripled: number = params.count * 3;
    const isQuiet: boolean = !params.isLoud;
    emit(params.color, [typeof params.count, tripled, isQuiet]);
  },
  output: tsv(),
});
