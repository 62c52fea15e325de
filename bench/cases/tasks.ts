import fs from "node:fs";
import path from "node:path";
import { messageOf } from "#shared/errors/fault";
import { bundleJob } from "../cluster/bundle.js";
import { Cluster } from "../cluster/cluster.js";
import { runJob } from "../cluster/job-run.js";
import { formatNumber, formatSeconds } from "../harness/table.js";
import { rotated } from "../harness/statistics.js";
import type { BenchOptions } from "../options.js";
import type { Surroundings } from "../peers/contender.js";

/** As many workers as the case is defined with, whatever the others run with. */
export const taskWorkers = 4;
const bytesPerTask = 8;

export interface TasksRun {
  readonly round: number;
  readonly taskCount: number;
  readonly wallMs: number | null;
  readonly error: string | null;
}

export interface TasksResult {
  readonly runs: readonly TasksRun[];
  readonly problems: readonly string[];
}

/**
 * Jobs of many map tasks that do nothing, through the real master and four workers: what is measured
 * is the cost of a task. Every run has a fresh cluster.
 */
export async function runTasks(
  surroundings: Surroundings,
  options: BenchOptions,
  write: (text: string) => void,
): Promise<TasksResult> {
  const runs: TasksRun[] = [];
  const folder = path.join(options.dataFolder, `scratch-${process.pid}`, "tasks");
  const counts = options.taskCounts;
  write(`tasks: ${counts.join(", ")} empty map tasks, ${taskWorkers} workers\n`);
  for (let round = 0; round < options.runs; round++) {
    for (const taskCount of rotated(counts, round)) {
      const runFolder = path.join(folder, `${taskCount}-${round}`);
      const run = await runOnce(surroundings, { round, taskCount, folder: runFolder });
      runs.push(run);
      if (!options.keep) fs.rmSync(runFolder, { recursive: true, force: true });
      const label = `  round ${round + 1}/${options.runs}`.padEnd(15);
      write(`${label}${String(taskCount).padStart(7)} tasks ${inWords(run)}\n`);
    }
  }
  if (!options.keep) fs.rmSync(path.dirname(folder), { recursive: true, force: true });
  const failed = runs.filter(({ error }) => error !== null);
  const problems = failed.map(({ taskCount, error }) => `${taskCount} tasks failed: ${error}`);
  return { runs, problems };
}

function inWords({ wallMs, taskCount, error }: TasksRun): string {
  if (wallMs === null) return `failed: ${error}`;
  const rate = formatNumber((taskCount / wallMs) * 1000);
  return `${formatSeconds(wallMs).padStart(9)} ${rate.padStart(7)} tasks/s`;
}

async function runOnce(
  surroundings: Surroundings,
  order: { readonly round: number; readonly taskCount: number; readonly folder: string },
): Promise<TasksRun> {
  const { round, taskCount, folder } = order;
  fs.mkdirSync(folder, { recursive: true });
  const input = path.join(folder, "input.txt");
  const lines = Array.from({ length: taskCount }, (_, index) => lineOf(index));
  fs.writeFileSync(input, lines.join(""));
  let cluster: Cluster | null = null;
  try {
    const bundle = await bundleJob(surroundings.root, "empty-tasks", folder);
    cluster = await Cluster.start(surroundings, {
      folder: path.join(folder, "cluster"),
      workers: taskWorkers,
      slots: 1,
    });
    await cluster.client.putBundle(bundle.sha256, bundle.bytes);
    const startedMs = performance.now();
    const submission = bundle.submit({
      input,
      output: path.join(folder, "output"),
      splitBytes: bytesPerTask,
    });
    const { jobId } = await runJob(cluster.client, submission);
    const wallMs = performance.now() - startedMs;
    const { map } = await cluster.client.getJob(jobId);
    const error = map.total === taskCount ? null : `planned ${map.total} tasks`;
    return { round, taskCount, wallMs: error === null ? wallMs : null, error };
  } catch (error) {
    return { round, taskCount, wallMs: null, error: messageOf(error) };
  } finally {
    await cluster?.stop();
  }
}

/** A line of exactly one split. */
function lineOf(index: number): string {
  return `${String(index).padStart(bytesPerTask - 1, "0")}\n`;
}
