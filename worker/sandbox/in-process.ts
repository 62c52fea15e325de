import { join } from "node:path";
import type { AttemptRef } from "#shared/model/ids";
import type { JobPlan } from "#shared/model/split";
import type { AttemptOrder } from "./orders.js";
import { Progress } from "./progress.js";

/** Worker that runs in process are of. */
export const inProcessWorkerId = "in-process";

/** What runs in the present thread: a job that no master knows. */
export interface InProcessJob extends Pick<AttemptOrder, "spec" | "output"> {
  readonly jobId: AttemptRef["jobId"];
  readonly plan: Pick<JobPlan, "splits" | "partitionCount" | "boundaries" | "sides">;
  /** Of this job alone. */
  readonly scratchFolder: string;
  readonly slotMemoryBytes: number;
}

/** The order of the only attempt of a task; it has neither bundle nor log. */
export function inProcessOrder(
  job: InProcessJob,
  taskIndex: number,
  work: AttemptOrder["work"],
): AttemptOrder {
  const { jobId, spec, output, plan, scratchFolder, slotMemoryBytes } = job;
  return {
    ref: { jobId, stage: work.stage, taskIndex, attempt: 1 },
    spec,
    output,
    partitionCount: plan.partitionCount,
    mapTaskCount: plan.splits.length,
    boundaries: plan.boundaries,
    sides: plan.sides,
    compression: "none",
    work,
    bundlePath: "",
    workerId: inProcessWorkerId,
    scratchFolder,
    slotMemoryBytes,
    token: null,
    logPath: join(scratchFolder, "log"),
    progress: new Progress().memory,
  };
}

/** The runs of all map tasks, as a reduce attempt is told of them. */
export function inProcessRuns({ plan }: InProcessJob) {
  return [
    { workerId: inProcessWorkerId, address: "", maps: plan.splits.flatMap((_, task) => [task, 1]) },
  ];
}
