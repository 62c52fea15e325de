import { fault } from "#shared/errors/fault";
import { jobNamePattern } from "#shared/model/ids";
import type { AnyJobDefinition } from "./job.js";

const fields = new Set([
  "name",
  "about",
  "params",
  "input",
  "emits",
  "map",
  "combine",
  "reduce",
  "partition",
  "setup",
  "cleanup",
  "output",
  "reducers",
  "splitBytes",
  "attemptsMax",
  "taskTimeoutMs",
]);

/** Checks what the type checker of a JavaScript user did not. @throws MR_JOB_INVALID */
export function checkDefinition(definition: AnyJobDefinition): void {
  if (typeof definition !== "object" || definition === null) {
    refuse("job", definition, "an object with at least name, input, map and output");
  }
  for (const field of Object.keys(definition)) {
    if (!fields.has(field)) refuse("job", field, `only the fields ${[...fields].join(", ")}`);
  }
  // No schema here: what this file imports travels with every bundled job.
  if (typeof definition.name !== "string" || !jobNamePattern.test(definition.name)) {
    refuse("name", definition.name, "1 to 41 letters, digits, '-' or '_'");
  }
  if (definition.input?.spec === undefined) {
    refuse("input", definition.input, "a reader: text(), jsonl(), wholeFile() or fixedLength()");
  }
  if (definition.output?.spec === undefined) {
    refuse("output", definition.output, "a writer: tsv(), jsonLines() or raw()");
  }
  checkFunctions(definition);
  checkPairs(definition);
}

function checkFunctions(job: AnyJobDefinition): void {
  const { map, reduce, combine, partition } = job;
  if (typeof map !== "function" && map?.kind !== "identity") {
    refuse("map", map, "a function, or identity()");
  }
  if (reduce !== undefined && typeof reduce !== "function") {
    if (reduce.kind !== "aggregate" && reduce.kind !== "identity") {
      refuse("reduce", reduce, "a function, an aggregate such as sum(), or identity()");
    }
  }
  if (combine !== undefined && typeof combine !== "function" && combine.kind !== "aggregate") {
    refuse("combine", combine, "a function, or an aggregate such as sum()");
  }
  if (partition !== undefined && typeof partition !== "function" && partition.kind !== "range") {
    refuse("partition", partition, "a function, or byRange()");
  }
  for (const field of ["setup", "cleanup"] as const) {
    const hook = job[field];
    if (hook !== undefined && typeof hook !== "function") refuse(field, hook, "a function");
  }
}

function checkPairs(job: AnyJobDefinition): void {
  const { map, reduce, combine, input } = job;
  if (combine !== undefined && reduce === undefined) {
    refuse("combine", "set", "a combiner only where there is a reducer");
  }
  if (typeof map !== "function" && input.spec.kind !== "fixed") {
    refuse("map", "identity()", "identity() only with input: fixedLength()");
  }
  if (typeof combine === "object" && combine.name === "mean") {
    const isMean =
      typeof reduce === "object" && reduce.kind === "aggregate" && reduce.name === "mean";
    if (!isMean) refuse("combine", "mean()", "mean() as combiner only with mean() as reducer");
  }
  if (input.spec.kind === "fixed" && input.spec.keyBytes > input.spec.recordBytes) {
    refuse(
      "input.keyBytes",
      input.spec.keyBytes,
      `at most recordBytes (${input.spec.recordBytes})`,
    );
  }
}

function refuse(field: string, value: unknown, allowed: string): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : describe(value);
  throw fault("MR_JOB_INVALID", `job definition: ${field} is ${shown}; allowed: ${allowed}`, {
    field,
  });
}

function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "object" && value !== null) return "an object of another kind";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null ? "null" : `a ${typeof value}`;
}
