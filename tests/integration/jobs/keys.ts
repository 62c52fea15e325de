import { defineJob, jsonl, jsonLines, types } from "millrace";

interface Line {
  readonly key: string;
  readonly value: string;
  /** The key is this text so many times. */
  readonly times?: number;
}

/** Gathers the values of each key, in the order in which they come. */
export default defineJob({
  name: "keys",
  params: { kind: { type: "string", choices: ["string", "number", "bytes"] } },
  input: jsonl<Line>(),
  emits: types<string | number | Uint8Array, string>(),
  map: ({ key, value, times }, { emit, params }) => {
    const text = key.repeat(times ?? 1);
    if (params.kind === "number") emit(Number(text), value);
    else if (params.kind === "bytes") emit(Buffer.from(text, "base64"), value);
    else emit(text, value);
  },
  reduce: (key, values, { emit }) => emit(key, [...values].join()),
  output: jsonLines(),
});
