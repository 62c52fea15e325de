import { parentPort } from "node:worker_threads";
import { Fault } from "#shared/errors/fault";
import type { Failure } from "#shared/model/result";
import { openAttemptLog, type AttemptLog } from "./attempt-log.js";
import { explain } from "./explain.js";
import { takePipes } from "./host-pipes.js";
import { MapAttempt, type RunningAttempt } from "./map-attempt.js";
import type { AttemptOrder, HostToThread, ThreadToHost } from "./orders.js";
import { Progress } from "./progress.js";
import { ReduceAttempt } from "./reduce-attempt.js";
import { SideInputs } from "./side-inputs.js";
import { loadUserJob } from "./user-job.js";
import { warmUp } from "./warm-up.js";

/**
 * Entry of a slot's thread: runs one attempt at a time, whole, with the user's code. Between attempts
 * the bundle stays loaded and compiled.
 */
process.setSourceMapsEnabled(true);

let reduce: ReduceAttempt | null = null;
/** Announcements that arrive while the bundle is still loading; null outside of that time. */
let early: HostToThread[] | null = null;

/** Kept between attempts of one job. */
const sideInputs = new SideInputs();

let warming: Promise<void> = Promise.resolve();
let isOrdered = false;

parentPort?.on("message", (message: HostToThread) => {
  if (message.type === "warm-up") {
    const { folder, slotMemoryBytes } = message;
    if (!isOrdered) warming = warmUp({ folder, slotMemoryBytes, isWanted: () => isOrdered });
  } else if (message.type === "run") {
    isOrdered = true;
    early = [];
    void warming.then(() => runAttempt(message.order));
  } else if (message.type === "pipes-open") {
    takePipes(message);
  } else if (reduce !== null) {
    pass(reduce, message);
  } else {
    // Before the next order it can only be for an attempt that has just ended.
    early?.push(message);
  }
});

function pass(attempt: ReduceAttempt, message: HostToThread): void {
  if (message.type === "runs-ready") attempt.addRuns(message.runs);
  else if (message.type === "run-lost") attempt.dropRun(message.mapTaskIndex, message.mapAttempt);
}

async function runAttempt(order: AttemptOrder): Promise<void> {
  const startedMs = performance.now();
  const progress = new Progress(order.progress);
  const log = openAttemptLog(order.logPath, order.logBytesMax);
  let attempt: RunningAttempt | null = null;
  let answer: ThreadToHost;
  try {
    attempt = await makeAttempt(order, progress);
    // From here on the task time-out counts; starting the thread and loading had their own.
    progress.step();
    const outcome = await attempt.run();
    answer = { type: "done", result: { ...outcome, durationMs: performance.now() - startedMs } };
  } catch (error) {
    reportCorruptRun(error);
    answer = { type: "failed", failure: failureOf(error, attempt, log) };
  }
  reduce = null;
  early = null;
  log.close();
  post(answer);
}

async function makeAttempt(order: AttemptOrder, progress: Progress): Promise<RunningAttempt> {
  const { work } = order;
  const { stepRun } = order.spec;
  const loaded = await loadUserJob(order.bundlePath, stepRun?.stepIndex ?? 0, stepRun?.copies);
  const job = { ...loaded, sides: await sideInputs.load(loaded.step, order) };
  if (work.stage === "map") {
    return new MapAttempt(order, job, work.split, progress);
  }
  reduce = new ReduceAttempt(order, job, progress, (report) =>
    post({ type: "run-unreachable", ...report }),
  );
  reduce.addRuns(work.runs);
  for (const message of early ?? []) pass(reduce, message);
  early = null;
  return reduce;
}

function failureOf(error: unknown, attempt: RunningAttempt | null, log: AttemptLog): Failure {
  return explain(error, attempt?.place ?? null, log.tail(), attempt?.during ?? "load");
}

/** A run that was whole when it was fetched and is not any more: its map must run again. */
function reportCorruptRun(error: unknown): void {
  if (!(error instanceof Fault) || error.code !== "MR_RUN_CORRUPT") return;
  const [holderId, task, attempt] = String(error.details["run"] ?? "").split("|");
  if (holderId === undefined || task === undefined || attempt === undefined) return;
  const [mapTaskIndex, mapAttempt] = [Number(task), Number(attempt)];
  post({ type: "run-unreachable", holderId, mapTaskIndex, mapAttempt, reason: "corrupt" });
}

function post(message: ThreadToHost): void {
  parentPort?.postMessage(message);
}
