import path from "node:path";
import { fileURLToPath } from "node:url";
import { resolveParams, type ParamProblem } from "#shared/authoring/params";
import { submissionOf } from "#shared/authoring/spec";
import { fault } from "#shared/errors/fault";
import { jobSpecSchema, type JobSubmission, type ParamValue } from "#shared/model/job";
import { limits } from "#shared/model/limits";
import type { Invocation } from "./command.js";
import { assignInputs, assignSides } from "./inputs.js";
import type { LoadedJob } from "./job-file.js";

/** What the person who submits decides; all else stands in the job file. */
export interface SubmitChoices {
  /** As written: relative to `cwd`, a path, a folder or a glob; `NAME=PATH` where inputs have names. */
  readonly inputs: readonly string[];
  /** As written: `NAME=PATH`. */
  readonly sides?: readonly string[];
  readonly output?: string | undefined;
  readonly overwrite?: boolean;
  readonly name?: string | undefined;
  readonly params?: Readonly<Record<string, ParamValue>>;
  readonly reducers?: number | undefined;
  readonly splitBytes?: number | undefined;
  readonly attemptsMax?: number | undefined;
  readonly taskTimeoutMs?: number | undefined;
}

/** The choices as flags say them; words after the job file are further inputs. */
export function readChoices(invocation: Invocation): SubmitChoices {
  return {
    inputs: [...invocation.texts("input"), ...invocation.positionals.slice(1)],
    sides: invocation.texts("side"),
    output: invocation.text("output"),
    overwrite: invocation.has("overwrite"),
    name: invocation.text("name"),
    params: readParams(invocation.texts("param")),
    reducers: invocation.whole("reducers", 1, limits.partitionsMax),
    splitBytes: invocation.size("split-bytes", limits.splitBytesMax),
    attemptsMax: invocation.whole("attempts", 1, 100),
    taskTimeoutMs: invocation.whole("task-timeout-ms", 100, 86_400_000),
  };
}

function readParams(texts: readonly string[]): Record<string, string> {
  const params: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at < 1) {
      const shown = JSON.stringify(text);
      throw fault("MR_ARGUMENT_INVALID", `--param is ${shown}; allowed: NAME=VALUE`);
    }
    params[text.slice(0, at)] = text.slice(at + 1);
  }
  return params;
}

/**
 * Builds what is sent to the master, with absolute locations.
 * @throws MR_PARAM_INVALID or MR_JOB_INVALID with every fault at once
 */
export function buildSubmission(
  job: LoadedJob,
  choices: SubmitChoices,
  cwd: string,
): JobSubmission {
  const { definition } = job;
  const inputs = assignInputs(definition, choices.inputs);
  const sides = assignSides(definition, choices.sides ?? []);
  const { params, problems } = resolveParams(definition.params ?? {}, choices.params ?? {});
  if (problems.length > 0) throw problemsFault("MR_PARAM_INVALID", "parameters", problems);
  const { output } = choices;
  const submission = submissionOf(definition, {
    ...choices,
    bundleSha256: job.bundle.sha256,
    params,
    inputs: absoluteLocations(inputs, cwd),
    sides: absoluteLocations(sides, cwd),
    output: output === undefined ? undefined : absoluteLocation(output, cwd),
  });
  const checked = jobSpecSchema.safeParse(submission);
  if (checked.success) return submission;
  const found = checked.error.issues.map((issue) => ({
    // A job file has its own name for the number of reduce tasks.
    field: issue.path.join(".").replace(/partitionCount$/, "reducers"),
    problem: issue.message,
  }));
  throw problemsFault("MR_JOB_INVALID", "the job", found);
}

function absoluteLocations(
  locations: ReadonlyMap<string, readonly string[]>,
  cwd: string,
): Map<string, string[]> {
  const absolute = [...locations].map(
    ([name, paths]) => [name, paths.map((each) => absoluteLocation(each, cwd))] as const,
  );
  return new Map(absolute);
}

/** @throws MR_LOCATION_UNSUPPORTED for anything that is not a path */
export function absoluteLocation(given: string, cwd: string): string {
  if (given.startsWith("file://")) return fileURLToPath(given);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) {
    throw fault("MR_LOCATION_UNSUPPORTED", "only paths can be read and written today", {
      location: given,
    });
  }
  return path.resolve(cwd, given);
}

function problemsFault(
  code: "MR_PARAM_INVALID" | "MR_JOB_INVALID",
  what: string,
  problems: readonly ParamProblem[],
) {
  const list = problems.map(({ field, problem }) => `\n  ${field} ${problem}`).join("");
  return fault(code, `${what}: not right:${list}`);
}
