import type { AnyMapper } from "./any-job.js";
import { checkProgram } from "./check-program.js";
import type { BuiltinMapper } from "./mappers.js";
import type { Reader } from "./readers.js";
import { refuse } from "./refuse.js";

/** The name of each built-in mapper, and what it reads. */
const readerOf: Readonly<
  Record<BuiltinMapper["kind"], { builtin: string; kind: string; name: string }>
> = {
  words: { builtin: "words()", kind: "text", name: "text()" },
  fields: { builtin: "fields()", kind: "text", name: "text()" },
  regex: { builtin: "regex()", kind: "text", name: "text()" },
  "csv-columns": { builtin: "csvColumns()", kind: "csv", name: "csv()" },
  "json-fields": { builtin: "jsonFields()", kind: "jsonl", name: "jsonl()" },
};

/** Checks that a mapper is one, and that it can take what the reader gives. @throws MR_JOB_INVALID */
export function checkMapper(
  path: string,
  map: AnyMapper | undefined,
  input: Reader<unknown> | undefined,
): void {
  if (typeof map === "function") return;
  const spec = input?.spec;
  switch (map?.kind) {
    case "identity":
      if (spec?.kind === "fixed") return checkKeyBytes(path, spec);
      if (spec?.kind === "records" || spec?.kind === "former") return;
      return refuse(
        path,
        "identity()",
        "identity() only with fixedLength(), recordFiles() or former()",
      );
    case "program":
      checkProgram(path, map);
      if (spec?.kind === "text" && spec.batchLines === undefined) return;
      if (spec?.kind === "former" || spec?.kind === "records") return;
      return refuse(path, "program()", "program() only with text(), recordFiles() or former()");
    case "words":
    case "fields":
    case "regex":
    case "csv-columns":
    case "json-fields": {
      const wanted = readerOf[map.kind];
      const isPlain = spec?.kind !== "text" || spec.batchLines === undefined;
      if (spec?.kind === wanted.kind && isPlain) return;
      return refuse(path, wanted.builtin, `this built-in only with ${wanted.name}`);
    }
    default:
      refuse(path, map, "a function, a built-in such as words(), identity() or program()");
  }
}

function checkKeyBytes(path: string, spec: { keyBytes: number; recordBytes: number }): void {
  if (spec.keyBytes <= spec.recordBytes) return;
  const allowed = `at most recordBytes (${spec.recordBytes})`;
  refuse(path.replace(/map$/, "input.keyBytes"), spec.keyBytes, allowed);
}
