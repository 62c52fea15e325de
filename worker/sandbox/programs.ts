import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import type { AnyJobDefinition } from "#shared/authoring/any-job";
import type { TaskContext } from "#shared/authoring/context";
import type { Program } from "#shared/authoring/programs";
import { userEnvironment } from "#shared/config/user-environment";
import { fault } from "#shared/errors/fault";
import type { ParamValue } from "#shared/model/job";
import { scratchPaths } from "#shared/model/keys";
import { openOurEnds, type Ends, type PipePaths } from "#worker/streaming/pipes";
import { killGroup } from "#worker/streaming/program-process";
import type { LineForm } from "#worker/streaming/output-lines";
import type { ProgramSite } from "#worker/streaming/program-site";
import { openAtHost } from "./host-pipes.js";
import { inProcessWorkerId } from "./in-process.js";
import type { AttemptOrder } from "./orders.js";
import type { Progress } from "./progress.js";

/** Whether a mapper, combiner or reducer is a command. */
export function isProgram(part: unknown): part is Program {
  return typeof part === "object" && part !== null && "kind" in part && part.kind === "program";
}

/** Folder that the programs of an attempt run in. */
export function workFolder({ scratchFolder, ref }: AttemptOrder): string {
  return join(scratchFolder, scratchPaths.attempt(ref), "work");
}

/** A job in process has no host, which alone may open pipes where there are threads. */
async function openInProcess(paths: PipePaths): Promise<Ends> {
  if (isMainThread) return openOurEnds(paths);
  throw fault(
    "MR_ARGUMENT_INVALID",
    "program() cannot run in a thread of a test; allowed: the main thread of a process, as in " +
      "vitest's pool forks",
  );
}

/** Where the programs of this attempt run. */
export function siteOf(
  order: AttemptOrder,
  base: TaskContext<unknown>,
  progress: Progress,
): ProgramSite {
  const { ref, spec, workerId, scratchFolder, mapTaskCount, partitionCount, output } = order;
  const { jobId, stage, taskIndex, attempt } = ref;
  const params = base.params as Readonly<Record<string, ParamValue>>;
  const task = { jobId, jobName: spec.name, stage, taskIndex, attempt };
  return {
    cwd: workFolder(order),
    filesFolder: join(scratchFolder, scratchPaths.job(jobId), "files"),
    openOurEnds: workerId === inProcessWorkerId ? openInProcess : openAtHost,
    environment: userEnvironment(),
    situation: { ...task, mapTaskCount, partitionCount, output, params },
    stderr: {
      count: (name, amount) => base.count(name, amount),
      log: (text) => void process.stderr.write(text),
    },
    onLife: () => progress.step(),
    onGroup: (role, group) =>
      progress.set(role === "combine" ? "combinerGroup" : "programGroup", group),
  };
}

/** How lines that are output become records: whole where the writer writes them back unchanged. */
export function outputForm(order: AttemptOrder, definition: AnyJobDefinition): LineForm {
  const isLines = order.spec.writer.kind === "lines" && definition.partitionBy === undefined;
  return { isWhole: isLines, lacksValue: true };
}

/** How lines that are sorted become records. */
export const sortedForm: LineForm = { isWhole: false, lacksValue: false };

const reapWaitMs = 300;
const reapStepMs = 5;

/**
 * Ends the programs that an attempt has running. The thread should see them end before it is ended
 * itself: nobody else can, and they would stay in the system's table for as long as the worker lives.
 */
export async function endPrograms(progress: Progress): Promise<void> {
  const groups = (): number[] => {
    const { programGroup, combinerGroup } = progress.read();
    return [programGroup, combinerGroup].filter((group) => group > 0);
  };
  for (const group of groups()) killGroup(group);
  for (let waited = 0; waited < reapWaitMs && groups().length > 0; waited += reapStepMs) {
    await new Promise((resolve) => setTimeout(resolve, reapStepMs));
  }
}
