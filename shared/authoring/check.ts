import { jobNamePattern } from "#shared/model/ids";
import { sourcesOf, stepsOf, type AnyJobDefinition, type AnyStep } from "./any-job.js";
import { checkAggregate } from "./check-aggregate.js";
import { checkMapper } from "./check-mapper.js";
import { checkProgram } from "./check-program.js";
import { refuse, refuseUnknown } from "./refuse.js";

const stepFields = [
  "name",
  "input",
  "inputs",
  "side",
  "emits",
  "map",
  "combine",
  "reduce",
  "sortValues",
  "totalOrder",
  "partition",
  "setup",
  "cleanup",
  "reducers",
  "splitBytes",
];
const frameFields = [
  "name",
  "about",
  "params",
  "steps",
  "output",
  "outputs",
  "partitionBy",
  "attemptsMax",
  "taskTimeoutMs",
];

const partNamePattern = /^[a-z][a-z0-9_-]{0,62}$/i;
const asName = "1 to 63 letters, digits, '-' or '_', starting with a letter";

/** Checks what the type checker of a JavaScript user did not. @throws MR_JOB_INVALID */
export function checkDefinition(definition: AnyJobDefinition): void {
  if (typeof definition !== "object" || definition === null) {
    refuse("job", definition, "an object with at least name, input, map and output");
  }
  const known = definition.steps === undefined ? [...frameFields, ...stepFields] : frameFields;
  checkFields("job", definition, [...new Set(known)]);
  // No schema here: what this file imports travels with every bundled job.
  checkJobName("name", definition.name);
  if (definition.output?.spec === undefined) {
    refuse(
      "output",
      definition.output,
      "a writer: tsv(), csv(), jsonLines(), plainLines(), raw() or records()",
    );
  }
  checkOutputs(definition);
  checkParams(definition);
  if (definition.steps === undefined) checkStep("", definition, true);
  else checkSteps(definition);
}

function checkSteps(definition: AnyJobDefinition): void {
  if (!Array.isArray(definition.steps) || definition.steps.length === 0) {
    refuse("steps", definition.steps, "a function that returns at least one step");
  }
  const seen = new Set<string>();
  for (const [index, step] of stepsOf(definition).entries()) {
    const path = `steps[${index}].`;
    checkFields(`steps[${index}]`, step, [...stepFields, "repeat"]);
    checkJobName(`${path}name`, step.name);
    if (seen.has(step.name)) refuse(`${path}name`, step.name, "a name that no other step has");
    seen.add(step.name);
    checkStep(path, step, index === 0);
    checkRepeat(path, step);
  }
}

function checkFields(path: string, value: object, known: readonly string[]): void {
  for (const field of Object.keys(value)) {
    if (known.includes(field)) continue;
    refuseUnknown(path === "job" ? field : `${path}.${field}`, known);
  }
}

function checkJobName(path: string, name: unknown): void {
  if (typeof name === "string" && jobNamePattern.test(name)) return;
  refuse(path, name, "1 to 41 letters, digits, '-' or '_'");
}

function checkOutputs({ outputs, partitionBy, output }: AnyJobDefinition): void {
  for (const [name, writer] of Object.entries(outputs ?? {})) {
    if (!partNamePattern.test(name)) refuse(`outputs.${name}`, name, asName);
    if (/^part-\d/i.test(name)) refuse(`outputs.${name}`, name, "a name unlike those of parts");
    if (writer?.spec === undefined) refuse(`outputs.${name}`, writer, "a writer such as tsv()");
  }
  if (partitionBy !== undefined && typeof partitionBy !== "function") {
    refuse("partitionBy", partitionBy, "a function of key and value that returns folder names");
  }
  if (partitionBy !== undefined && output.spec.kind === "records") {
    refuse("partitionBy", "set", "a writer other than records()");
  }
}

function checkParams({ params }: AnyJobDefinition): void {
  for (const [name, spec] of Object.entries(params ?? {})) {
    const type: unknown = spec?.type;
    if (type === "string" || type === "number" || type === "boolean") continue;
    refuse(`params.${name}.type`, type, '"string", "number" or "boolean"');
  }
}

function checkStep(path: string, step: AnyStep, isFirst: boolean): void {
  checkSources(path, step, isFirst);
  checkSides(path, step, isFirst);
  checkFunctions(path, step);
  checkPairs(path, step);
}

function checkSources(path: string, step: AnyStep, isFirst: boolean): void {
  const { inputs, input, map } = step;
  if (inputs !== undefined) {
    if (input !== undefined || map !== undefined) {
      refuse(`${path}inputs`, "set beside input or map", "either inputs, or input and map");
    }
    if (Object.keys(inputs).length === 0) refuse(`${path}inputs`, "empty", "at least one input");
  }
  const readers = "a reader: text(), csv(), tsv(), jsonl(), wholeFile(), fixedLength(), former() …";
  if (inputs === undefined && input?.spec === undefined) refuse(`${path}input`, input, readers);
  if (inputs === undefined && map === undefined) checkMapper(`${path}map`, map, input);
  for (const source of sourcesOf(step)) {
    const at = inputs === undefined ? path : `${path}inputs.${source.name}.`;
    if (!partNamePattern.test(source.name)) refuse(`${path}inputs`, source.name, asName);
    if (source.input?.spec === undefined) refuse(`${at}input`, source.input, readers);
    if (source.input.spec.kind === "former" && isFirst && step.repeat === undefined) {
      refuse(`${at}input`, "former()", "former() only in a step after the first one");
    }
    checkMapper(`${at}map`, source.map, source.input);
  }
}

function checkSides(path: string, step: AnyStep, isFirst: boolean): void {
  for (const [name, side] of Object.entries(step.side ?? {})) {
    if (!partNamePattern.test(name)) refuse(`${path}side.${name}`, name, asName);
    if (side?.kind !== "side") refuse(`${path}side.${name}`, side, "sideText(), sideLines() …");
    if (side.isFormer && isFirst && step.repeat === undefined) {
      refuse(`${path}side.${name}`, "sideFormer()", "sideFormer() only after the first step");
    }
  }
}

function checkFunctions(path: string, step: AnyStep): void {
  const { reduce, combine, partition, sortValues, totalOrder } = step;
  if (reduce !== undefined && typeof reduce !== "function") {
    const kinds = ["aggregate", "identity", "cogroup", "join", "program"];
    if (!kinds.includes(reduce?.kind)) {
      refuse(
        `${path}reduce`,
        reduce,
        "a function, an aggregate such as sum(), identity(), cogroup(), join() or program()",
      );
    }
    if (reduce.kind === "aggregate") checkAggregate(`${path}reduce`, reduce.spec);
    if (reduce.kind === "program") checkProgram(`${path}reduce`, reduce);
  }
  if (combine !== undefined && typeof combine !== "function") {
    if (combine?.kind !== "aggregate" && combine?.kind !== "program") {
      refuse(`${path}combine`, combine, "a function, an aggregate such as sum(), or program()");
    }
    if (combine.kind === "aggregate") checkAggregate(`${path}combine`, combine.spec);
    if (combine.kind === "program") checkProgram(`${path}combine`, combine);
  }
  if (partition !== undefined && typeof partition !== "function" && partition?.kind !== "range") {
    refuse(`${path}partition`, partition, "a function, or byRange()");
  }
  if (sortValues !== undefined && sortValues !== true && sortValues !== "descending") {
    if (typeof sortValues !== "function") {
      refuse(`${path}sortValues`, sortValues, 'true, "descending", or a function of the value');
    }
  }
  if (totalOrder !== undefined && typeof totalOrder !== "boolean") {
    refuse(`${path}totalOrder`, totalOrder, "true or false");
  }
  for (const field of ["setup", "cleanup"] as const) {
    const hook = step[field];
    if (hook !== undefined && typeof hook !== "function") {
      refuse(`${path}${field}`, hook, "a function");
    }
  }
}

/** What goes together, and what does not. */
function checkPairs(path: string, step: AnyStep): void {
  const { reduce, combine, partition, sortValues, totalOrder } = step;
  if (reduce === undefined) {
    for (const field of ["combine", "sortValues", "totalOrder", "partition"] as const) {
      if (step[field] === undefined || step[field] === false) continue;
      if (field === "partition") continue;
      refuse(`${path}${field}`, "set", `${field} only where there is a reducer`);
    }
  }
  if (totalOrder === true && partition !== undefined) {
    refuse(`${path}totalOrder`, "true", "either totalOrder or partition");
  }
  const reducer = typeof reduce === "object" ? reduce : null;
  const isOverInputs = reducer?.kind === "cogroup" || reducer?.kind === "join";
  if (sortValues !== undefined && combine !== undefined) {
    refuse(`${path}combine`, "set", "no combiner together with sortValues");
  }
  if (sortValues !== undefined && isOverInputs) {
    refuse(`${path}sortValues`, "set", "no sortValues together with cogroup() or join()");
  }
  if (combine !== undefined && isOverInputs) {
    refuse(`${path}combine`, "set", "no combiner together with cogroup() or join()");
  }
  if (isOverInputs) {
    const count = Object.keys(step.inputs ?? {}).length;
    const isJoin = reducer?.kind === "join";
    if (count < 2 || (isJoin && count !== 2)) {
      const wanted = isJoin ? "exactly two inputs" : "at least two inputs";
      refuse(`${path}inputs`, `${count} inputs`, `${wanted} with ${reducer?.kind}()`);
    }
  }
  checkCombiner(path, step);
}

/** Aggregates whose partial results only their own reducer understands. */
const ownReducerOnly = ["mean", "all", "distinct", "topK", "collect", "histogram"];

function checkCombiner(path: string, { combine, reduce }: AnyStep): void {
  checkBesideDistinct(path, combine, reduce);
  if (typeof combine !== "object" || combine.kind !== "aggregate") return;
  if (!ownReducerOnly.includes(combine.spec.name)) return;
  const isSame =
    typeof reduce === "object" &&
    reduce.kind === "aggregate" &&
    JSON.stringify(reduce) === JSON.stringify(combine);
  if (isSame) return;
  const shown = `${combine.spec.name}()`;
  refuse(`${path}combine`, shown, `${shown} as combiner only with the same ${shown} as reducer`);
}

/** What is combined before it is counted is no longer what was emitted. */
function checkBesideDistinct(
  path: string,
  combine: AnyStep["combine"],
  reduce: AnyStep["reduce"],
): void {
  if (typeof reduce !== "object" || reduce.kind !== "aggregate") return;
  if (reduce.spec.name !== "distinct" || combine === undefined) return;
  const own = typeof combine === "object" && combine.kind === "aggregate" ? combine.spec.name : "";
  if (own === "distinct") return;
  refuse(`${path}combine`, own || combine, "no combiner but distinct() together with distinct()");
}

function checkRepeat(path: string, { repeat }: AnyStep): void {
  if (repeat === undefined) return;
  const { until, roundsMax } = repeat;
  if (typeof until?.counter !== "string" || typeof until?.atMost !== "number") {
    refuse(`${path}repeat.until`, until, "{ counter: NAME, atMost: NUMBER }");
  }
  if (!Number.isInteger(roundsMax) || roundsMax < 1 || roundsMax > 10_000) {
    refuse(`${path}repeat.roundsMax`, roundsMax, "a whole number from 1 to 10,000");
  }
}
