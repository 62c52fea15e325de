import { resolveParams } from "#shared/authoring/params";
import type { JobSpec, SideSpec, SourceSpec, StepSpec } from "#shared/model/job";
import { parseLocation } from "#shared/storage/locations";
import { FieldFault, type FieldProblem } from "./problem.js";

type Report = (field: string, detail: string) => void;

/** What one step has, be it of several or the only one. */
type Step = Pick<
  StepSpec,
  "sources" | "sides" | "hasReducer" | "hasCombiner" | "totalOrder" | "partitionCount" | "repeat"
>;

/**
 * Checks what the schema alone cannot.
 * @returns the spec with complete parameters
 * @throws MR_REQUEST_INVALID, MR_PARAM_INVALID, MR_LOCATION_UNSUPPORTED
 */
export function checkSpec(spec: JobSpec): JobSpec {
  const { params, problems } = resolveParams(spec.paramSpecs, spec.params);
  if (problems.length > 0) {
    const errors = problems.map(({ field, problem }) => ({ field, detail: problem }));
    const fields = errors.map((each) => each.field).join(", ");
    throw new FieldFault("MR_PARAM_INVALID", `parameters are not right: ${fields}`, errors);
  }
  const errors: FieldProblem[] = [];
  const report: Report = (field, detail) => errors.push({ field, detail });
  if (spec.stepRun !== undefined) {
    report("stepRun", `is ${shown(spec.stepRun)}; allowed: nothing, the master alone sets it`);
  }
  if (spec.steps === undefined) checkOnlyStep(spec, report);
  else checkSteps(spec, spec.steps, report);
  if (errors.length > 0) {
    const fields = errors.map((each) => each.field).join(", ");
    throw new FieldFault("MR_REQUEST_INVALID", `fields contradict each other: ${fields}`, errors);
  }
  if (spec.output !== undefined) parseLocation(spec.output);
  return { ...spec, params };
}

function checkOnlyStep(spec: JobSpec, report: Report): void {
  const { inputs, reader, sources } = spec;
  const given = sources ?? [{ name: "input", inputs, reader }];
  checkStep({ ...spec, sources: given }, true, report, (field) => {
    return sources === undefined ? field.replace(/^sources\.0\./, "") : field;
  });
}

/** Fields of a job of one step, which mean nothing beside `steps`. */
const ofOneStep = ["sources", "sides", "totalOrder", "partitionCount", "splitBytes"] as const;

function checkSteps(spec: JobSpec, steps: readonly StepSpec[], report: Report): void {
  for (const field of ofOneStep) {
    if (spec[field] === undefined) continue;
    report(field, `is ${shown(spec[field])}; allowed beside steps: nothing, each step has its own`);
  }
  const seen = new Set<string>();
  for (const [index, step] of steps.entries()) {
    const path = (field: string): string => `steps.${index}.${field}`;
    checkUnique(seen, step.name, path("name"), "step", report);
    checkStep(step, index === 0, report, path);
  }
  const names = Object.keys(spec.outputs ?? {});
  if (names.length > 0 && steps.at(-1)?.repeat !== undefined) {
    const detail = `is ${shown(names)}; a last step that is repeated has the main output alone`;
    report("outputs", detail);
  }
}

function checkStep(
  step: Step,
  isFirst: boolean,
  report: Report,
  path: (field: string) => string,
): void {
  const { hasReducer, partitionCount, totalOrder, hasCombiner } = step;
  if (!hasReducer && partitionCount !== undefined) {
    const detail = `is ${partitionCount}; a step without a reducer has no partitions`;
    report(path("partitionCount"), detail);
  }
  if (!hasReducer && totalOrder === true) {
    report(path("totalOrder"), "is true; a step without a reducer has no order of keys");
  }
  if (!hasReducer && hasCombiner) {
    report(path("hasCombiner"), "is true; a step without a reducer has nothing to combine");
  }
  const hasFormer = !isFirst || step.repeat !== undefined;
  const sources = new Set<string>();
  for (const [index, source] of step.sources.entries()) {
    const field = (name: string): string => path(`sources.${index}.${name}`);
    checkUnique(sources, source.name, field("name"), "source", report);
    checkSource(source, hasFormer, report, field);
  }
  const sides = new Set<string>();
  for (const [index, side] of (step.sides ?? []).entries()) {
    const field = (name: string): string => path(`sides.${index}.${name}`);
    checkUnique(sides, side.name, field("name"), "side input", report);
    checkSide(side, hasFormer, report, field);
  }
}

const noFormer = "nothing comes before the first step, unless it is repeated";

function checkSource(
  { inputs, reader }: SourceSpec,
  hasFormer: boolean,
  report: Report,
  path: (field: string) => string,
): void {
  for (const location of inputs) parseLocation(location);
  if (reader.kind === "fixed" && reader.keyBytes > reader.recordBytes) {
    const detail = `is ${reader.keyBytes}; at most recordBytes (${reader.recordBytes})`;
    report(path("reader.keyBytes"), detail);
  }
  if (reader.kind !== "former") {
    if (inputs.length === 0) report(path("inputs"), "is []; at least one location is required");
    return;
  }
  if (!hasFormer) report(path("reader.kind"), `is "former"; ${noFormer}`);
  if (inputs.length === 0) return;
  report(path("inputs"), `is ${shown(inputs)}; the reader former has no locations`);
}

function checkSide(
  { inputs, isFormer }: SideSpec,
  hasFormer: boolean,
  report: Report,
  path: (field: string) => string,
): void {
  for (const location of inputs) parseLocation(location);
  if (isFormer !== true) {
    if (inputs.length === 0) report(path("inputs"), "is []; at least one location is required");
    return;
  }
  if (!hasFormer) report(path("isFormer"), `is true; ${noFormer}`);
  if (inputs.length === 0) return;
  report(path("inputs"), `is ${shown(inputs)}; the output of the step before has no locations`);
}

function checkUnique(
  seen: Set<string>,
  name: string,
  field: string,
  what: string,
  report: Report,
): void {
  if (seen.has(name)) {
    report(field, `is ${JSON.stringify(name)}; allowed: a name that no other ${what} has`);
  }
  seen.add(name);
}

const shownCharsMax = 120;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= shownCharsMax ? text : `${text.slice(0, shownCharsMax)}…`;
}
