import type { ParamSpec, ParamValue } from "#shared/model/job";

/** Declared parameters of a job: checked at submit, typed in `ctx.params`. */
export type ParamSpecs = Readonly<Record<string, ParamSpec>>;

type ValueOf<Spec extends ParamSpec> = Spec["type"] extends "number"
  ? number
  : Spec["type"] extends "boolean"
    ? boolean
    : string;

export type ParamsOf<Specs extends ParamSpecs> = {
  readonly [Name in keyof Specs]: ValueOf<Specs[Name]>;
};

export type ParamProblem = { readonly field: string; readonly problem: string };

/**
 * Checks given values against the declaration and fills in defaults. Texts are taken for numbers
 * and booleans, as a command line gives them.
 * @returns the complete values, and every problem found at once
 */
export function resolveParams(
  specs: ParamSpecs,
  given: Readonly<Record<string, ParamValue>>,
): { readonly params: Record<string, ParamValue>; readonly problems: ParamProblem[] } {
  const problems: ParamProblem[] = [];
  const params: Record<string, ParamValue> = Object.create(null) as Record<string, ParamValue>;
  const known = Object.keys(specs);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const allowed = known.length === 0 ? "this job declares none" : `known: ${known.join(", ")}`;
    problems.push({
      field: `params.${name}`,
      problem: `is not a parameter of this job; ${allowed}`,
    });
  }
  for (const [name, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(given, name) ? given[name] : spec.default;
    if (value === undefined) {
      problems.push({ field: `params.${name}`, problem: `is required (${spec.type})` });
      continue;
    }
    const read = readParam(spec, value);
    if (read.ok) params[name] = read.value;
    else problems.push({ field: `params.${name}`, problem: read.problem });
  }
  return { params, problems };
}

type Read =
  | { readonly ok: true; readonly value: ParamValue }
  | { readonly ok: false; readonly problem: string };

function readParam(spec: ParamSpec, value: ParamValue): Read {
  if (spec.type === "number") return readNumber(spec, value);
  if (spec.type === "boolean") {
    if (value === true || value === "true") return { ok: true, value: true };
    if (value === false || value === "false") return { ok: true, value: false };
    return { ok: false, problem: `must be true or false, not ${JSON.stringify(value)}` };
  }
  const text = String(value);
  if (spec.choices !== undefined && !spec.choices.includes(text)) {
    return {
      ok: false,
      problem: `must be one of ${spec.choices.join(", ")}, not ${JSON.stringify(text)}`,
    };
  }
  return { ok: true, value: text };
}

function readNumber(spec: ParamSpec, value: ParamValue): Read {
  const isText = typeof value === "string" && value.trim() !== "";
  const number = typeof value === "number" ? value : isText ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) {
    return { ok: false, problem: `must be a number, not ${JSON.stringify(value)}` };
  }
  if (spec.min !== undefined && number < spec.min) {
    return { ok: false, problem: `must be at least ${spec.min}, not ${number}` };
  }
  if (spec.max !== undefined && number > spec.max) {
    return { ok: false, problem: `must be at most ${spec.max}, not ${number}` };
  }
  return { ok: true, value: number };
}
