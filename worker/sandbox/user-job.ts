import { pathToFileURL } from "node:url";
import {
  sourcesOf,
  stepsOf,
  type AnyJobDefinition,
  type AnySource,
  type AnyStep,
  type Job,
} from "#shared/authoring/any-job";
import { identity } from "#shared/authoring/aggregates";
import type { TaskContext } from "#shared/authoring/context";
import { resolveParams } from "#shared/authoring/params";
import { recordFiles } from "#shared/authoring/readers";
import { fault } from "#shared/errors/fault";
import type { UserCounters } from "#worker/runs/counters";
import type { AttemptOrder } from "./orders.js";
import type { RecordTap } from "./record-tap.js";
import type { Sides } from "./side-inputs.js";

/** The user's code that an attempt runs: one step of a job. */
export interface UserJob {
  readonly definition: AnyJobDefinition;
  readonly step: AnyStep;
  /** In the order that splits count them. */
  readonly sources: readonly AnySource[];
  /** Values of its side inputs, as `SideInputs` loads them. */
  readonly sides: Sides;
  /** For tests of jobs. */
  readonly tap?: RecordTap;
}

/** A step of the job in a bundle; loading the same file again costs nothing. @throws MR_JOB_FILE_INVALID */
export async function loadUserJob(
  bundlePath: string,
  stepIndex: number,
  copies = false,
): Promise<UserJob> {
  const loaded = (await import(pathToFileURL(bundlePath).href)) as { default?: Partial<Job> };
  if (loaded.default?.millraceJob !== 1 || loaded.default.definition === undefined) {
    throw fault("MR_JOB_FILE_INVALID", "bundle does not export a job made by defineJob by default");
  }
  return userJobOf(loaded.default.definition, stepIndex, copies);
}

/**
 * The step without its side inputs.
 * @param copies whether the records of the step are only written in the form of the job's output
 * @throws MR_JOB_FILE_INVALID when the definition has no such step
 */
export function userJobOf(
  definition: AnyJobDefinition,
  stepIndex: number,
  copies = false,
): UserJob {
  const own = stepsOf(definition)[stepIndex];
  const step: AnyStep | undefined =
    copies && own !== undefined ? { name: own.name, input: recordFiles(), map: identity() } : own;
  if (step === undefined) {
    throw fault("MR_JOB_FILE_INVALID", "the job in the bundle has no such step", { stepIndex });
  }
  return { definition, step, sources: sourcesOf(step).map(asRecords), sides: {} };
}

/** What the step before left lies in files of records. */
function asRecords(source: AnySource): AnySource {
  return source.input.spec.kind === "former" ? { ...source, input: recordFiles() } : source;
}

/** What every function of the job is told in this attempt. */
export function makeContext(
  order: AttemptOrder,
  definition: AnyJobDefinition,
  counters: UserCounters,
  side: unknown,
): TaskContext<unknown> {
  const { params } = resolveParams(definition.params ?? {}, order.spec.params);
  const { stepRun } = order.spec;
  return {
    params: Object.freeze(params),
    side,
    former: { counters: Object.freeze({ ...stepRun?.formerCounters }) },
    round: stepRun?.round ?? 1,
    stage: order.ref.stage,
    taskIndex: order.ref.taskIndex,
    attempt: order.ref.attempt,
    count: (name, amount) => counters.count(name, amount),
  };
}
