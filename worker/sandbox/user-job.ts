import { pathToFileURL } from "node:url";
import type { AnyJobDefinition, Job, TaskContext } from "#shared/authoring/job";
import { resolveParams } from "#shared/authoring/params";
import { fault } from "#shared/errors/fault";
import type { UserCounters } from "#worker/runs/counters";
import type { AttemptOrder } from "./orders.js";

/** The definition in a bundle; loading the same file again costs nothing. @throws MR_JOB_FILE_INVALID */
export async function loadDefinition(bundlePath: string): Promise<AnyJobDefinition> {
  const loaded = (await import(pathToFileURL(bundlePath).href)) as { default?: Partial<Job> };
  if (loaded.default?.millraceJob !== 1 || loaded.default.definition === undefined) {
    throw fault("MR_JOB_FILE_INVALID", "bundle does not export a job made by defineJob by default");
  }
  return loaded.default.definition;
}

/** What every function of the job is told in this attempt. */
export function makeContext(
  order: AttemptOrder,
  definition: AnyJobDefinition,
  counters: UserCounters,
): TaskContext<unknown> {
  const { params } = resolveParams(definition.params ?? {}, order.spec.params);
  return {
    params: Object.freeze(params),
    stage: order.ref.stage,
    taskIndex: order.ref.taskIndex,
    attempt: order.ref.attempt,
    count: (name, amount) => counters.count(name, amount),
  };
}
