import { defineJob, tsv, text } from "millrace";

/** Lines that match a pattern, with their file and the byte at which they begin. Map-only. */
export default defineJob({
  name: "grep",
  params: {
    pattern: { type: "string", about: "a regular expression of JavaScript" },
    flags: { type: "string", default: "u", about: "its flags, `iu` to ignore case" },
  },
  input: text(),
  map: (line, { emit, params, source, count }) => {
    if (!patternOf(params.pattern, params.flags).test(line)) return;
    count("matches");
    emit(`${source.location.split("/").at(-1)}:${source.offset}`, line);
  },
  output: tsv(),
});

/** The pattern is compiled once a task and not once a line. */
let compiled: { readonly key: string; readonly pattern: RegExp } | null = null;

function patternOf(source: string, flags: string): RegExp {
  const key = `${flags}/${source}`;
  if (compiled?.key !== key) {
    compiled = { key, pattern: new RegExp(source, flags.replaceAll(/[gy]/g, "")) };
  }
  return compiled.pattern;
}
