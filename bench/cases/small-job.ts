import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/errors/fault";
import { bundleJob, type Bundle } from "../cluster/bundle.js";
import { Cluster } from "../cluster/cluster.js";
import { partsOf, runJob } from "../cluster/job-run.js";
import { median } from "../harness/statistics.js";
import { formatSeconds } from "../harness/table.js";
import type { BenchOptions } from "../options.js";
import type { Surroundings } from "../peers/contender.js";
import { disagreements, type NamedAnswer } from "../verify/agreement.js";
import { wordCountAnswer } from "../verify/words.js";

/** Jobs before those that count: threads have the bundle then, and its code is compiled. */
const warmUpJobs = 3;
const clusterJobs = 20;
/** Whole processes take seconds each. */
const runsAlone = 3;
const job = "wordcount";

/** Times of one job after another, in milliseconds. */
export interface SmallJobTimes {
  /** In the cluster from submit to `_SUCCESS`; of `millrace run` the whole process. */
  readonly wallMs: readonly number[];
  /** From submit to end as the master has it. */
  readonly jobMs: readonly number[];
}

export interface SmallJobRound {
  readonly round: number;
  readonly cluster: SmallJobTimes;
  readonly alone: SmallJobTimes;
}

export interface SmallJobResult {
  readonly sizeBytes: number;
  readonly rounds: readonly SmallJobRound[];
  readonly problems: readonly string[];
}

/**
 * Word count over the eight books of the examples, some 3 MB: one job after another in a warm cluster,
 * against `millrace run`, which starts a cluster for itself. All answers must be the same.
 */
export async function runSmallJob(
  surroundings: Surroundings,
  options: BenchOptions,
  write: (text: string) => void,
): Promise<SmallJobResult> {
  const folder = path.join(options.dataFolder, `scratch-${process.pid}`, "small-job");
  fs.mkdirSync(folder, { recursive: true });
  const input = path.join(folder, "books.txt");
  const sizeBytes = gatherBooks(path.join(surroundings.root, "examples/data/gutenberg"), input);
  write(`small-job: ${(sizeBytes / 1e6).toFixed(1)} MB, ${clusterJobs} jobs in a warm cluster\n`);
  const rounds: SmallJobRound[] = [];
  const problems: string[] = [];
  const answers: NamedAnswer[] = [];
  for (let round = 0; round < options.runs; round++) {
    const order = { input, folder: path.join(folder, String(round)), answers };
    try {
      const cluster = await inCluster(surroundings, options, order);
      write(`  round ${round + 1}/${options.runs}  ${inWords("cluster", cluster)}\n`);
      const alone = await byThemselves(surroundings, options, order);
      write(`  round ${round + 1}/${options.runs}  ${inWords("millrace run", alone)}\n`);
      rounds.push({ round, cluster, alone });
    } catch (error) {
      problems.push(`round ${round + 1} failed: ${messageOf(error)}`);
      write(`  round ${round + 1}/${options.runs}  failed: ${messageOf(error)}\n`);
    }
    if (!options.keep) fs.rmSync(order.folder, { recursive: true, force: true });
  }
  if (!options.keep) fs.rmSync(path.dirname(folder), { recursive: true, force: true });
  return { sizeBytes, rounds, problems: [...problems, ...disagreements(answers, null)] };
}

interface Order {
  readonly input: string;
  readonly folder: string;
  /** Takes the answer of every job. */
  readonly answers: NamedAnswer[];
}

async function inCluster(
  surroundings: Surroundings,
  options: BenchOptions,
  { input, folder, answers }: Order,
): Promise<SmallJobTimes> {
  const { workers, slots, reducers } = options;
  const bundle: Bundle = await bundleJob(surroundings.root, job, folder);
  const cluster = await Cluster.start(surroundings, {
    folder: path.join(folder, "cluster"),
    workers,
    slots,
  });
  const wallMs: number[] = [];
  const jobMs: number[] = [];
  try {
    await cluster.client.putBundle(bundle.sha256, bundle.bytes);
    for (let index = 0; index < warmUpJobs + clusterJobs; index++) {
      const output = path.join(folder, `cluster-output-${index}`);
      const submission = bundle.submit({ input, output, reducers: reducers ?? workers * slots });
      const startedMs = performance.now();
      const { jobId } = await runJob(cluster.client, submission);
      const tookMs = performance.now() - startedMs;
      answers.push({ name: "cluster", answer: wordCountAnswer(partsOf(output)) });
      const endedMs = await untilEnded(cluster, jobId);
      if (index < warmUpJobs) continue;
      wallMs.push(tookMs);
      jobMs.push(endedMs);
    }
  } finally {
    await cluster.stop();
  }
  return { wallMs, jobMs };
}

/** The job's end is noted right behind `_SUCCESS`. @returns milliseconds from submit to end */
async function untilEnded(cluster: Cluster, jobId: string): Promise<number> {
  for (;;) {
    const { submittedAt, endedAt } = await cluster.client.getJob(jobId);
    if (endedAt !== null) return Date.parse(endedAt) - Date.parse(submittedAt);
  }
}

const printedJob = z.object({ submittedAt: z.iso.datetime(), endedAt: z.iso.datetime() });

async function byThemselves(
  surroundings: Surroundings,
  options: BenchOptions,
  { input, folder, answers }: Order,
): Promise<SmallJobTimes> {
  const { root, environment, children } = surroundings;
  const slots = options.workers * options.slots;
  const wallMs: number[] = [];
  const jobMs: number[] = [];
  for (let index = 0; index < runsAlone; index++) {
    const output = path.join(folder, `run-output-${index}`);
    const printed = path.join(folder, `run-${index}.json`);
    const flags = ["--input", input, "--output", output, "--slots", String(slots)];
    const measured = await children.measure({
      program: process.execPath,
      arguments: [
        path.join(root, "dist/cli/main.js"),
        "run",
        path.join(root, "bench/jobs", `${job}.ts`),
        ...flags,
        "--reducers",
        String(options.reducers ?? slots),
        "--config",
        "none",
        "--json",
      ],
      outputPath: printed,
      environment,
    });
    const ended = printedJob.parse(JSON.parse(fs.readFileSync(printed, "utf8")));
    answers.push({ name: "millrace run", answer: wordCountAnswer(partsOf(output)) });
    wallMs.push(measured.wallMs);
    jobMs.push(Date.parse(ended.endedAt) - Date.parse(ended.submittedAt));
  }
  return { wallMs, jobMs };
}

/** Writes all books of a folder into one file. @returns its bytes */
function gatherBooks(folder: string, target: string): number {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".txt"));
  const books = names.sort().map((name) => fs.readFileSync(path.join(folder, name)));
  fs.writeFileSync(target, Buffer.concat(books));
  return fs.statSync(target).size;
}

function inWords(name: string, { wallMs, jobMs }: SmallJobTimes): string {
  return `${name.padEnd(14)} ${formatSeconds(median(wallMs))}, the job ${formatSeconds(median(jobMs))}`;
}
