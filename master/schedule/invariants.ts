import { isFinal } from "#shared/model/job";
import { limits } from "#shared/model/limits";
import { launchableStage } from "./assign.js";
import { needsRuns } from "./holds.js";
import { stepsOfChain } from "./links.js";
import { hasFreeSlot, isUsual } from "./slots.js";
import {
  noAttempts,
  noCounts,
  type Job,
  type StageTasks,
  type State,
  type Task,
  type Worker,
} from "./state.js";

/**
 * What must hold between any two steps, recomputed from scratch: walks the whole state, so it is for
 * tests. Each finding starts with the name of the rule that is broken.
 */
export function brokenInvariants(state: State): string[] {
  const found: string[] = [];
  const report = (rule: string, detail: string): void => {
    found.push(`${rule}: ${detail}`);
  };
  checkWorkers(state, report);
  for (const job of state.jobs.values()) {
    const isActive = job.status === "running" && job.chain === null;
    if (state.active.has(job) !== isActive) report("active-jobs", job.jobId);
    checkChain(state, job, report);
    checkRemains(state, job, report);
    if (job.remains === null || job.remains.detail === "all") checkAttemptCounts(job, report);
    for (const stage of [job.maps, job.reduces]) {
      checkCounts(job, stage, report);
      for (const task of stage.tasks) if (task) checkTask(state, job, stage, task, report);
    }
  }
  checkWork(state, report);
  return found;
}

/** An ended job keeps what it is said to keep, and all of them together no more than they may. */
function checkRemains(state: State, job: Job, report: Report): void {
  const { remains, jobId } = job;
  if (isFinal(job.status) !== (remains !== null)) report("remains", `of ${jobId}`);
  if (remains === null) return;
  const { endedAttemptsMax, endedAttemptsTotalMax } = state.config;
  let count = 0;
  for (const { tasks } of [job.maps, job.reduces]) {
    for (const task of tasks) count += task?.attempts.length ?? 0;
  }
  if (count !== remains.attemptCount) report("remains", `${jobId} keeps ${count} attempts`);
  if (remains.detail === "all" && count > endedAttemptsMax) report("remains", `${jobId} keeps all`);
  if (job.plan !== null && job.plan.splits.length > 0) report("remains", `${jobId} keeps splits`);
  let total = 0;
  for (const each of state.jobs.values()) total += each.remains?.attemptCount ?? 0;
  if (total > endedAttemptsTotalMax) report("remains", `${total} attempts are kept in all`);
}

type Report = (rule: string, detail: string) => void;

/** A chain has one run at a time, nothing of it outlives it, and it is committed after its last run. */
function checkChain(state: State, job: Job, report: Report): void {
  const { jobId, spec, chain } = job;
  const parent = state.jobs.get(spec.stepRun?.parentId ?? "");
  if (spec.stepRun !== undefined && !parent?.chain?.children.includes(jobId)) {
    report("chain", `${jobId} is a run of no chain`);
  }
  if (chain === null) return;
  const runs = chain.children.map((childId) => state.jobs.get(childId));
  if (runs.includes(undefined)) report("chain", `${jobId} has runs that are not known`);
  if (runs.length > state.config.chainRunsMax)
    report("chain", `${jobId} keeps ${runs.length} runs`);
  const last = runs.at(-1);
  const going = runs.filter((run) => run !== undefined && !isFinal(run.status));
  if (isFinal(job.status) && going.length > 0) report("chain", `${jobId} ended before its runs`);
  if (going.length > 1 || (going.length === 1 && going[0] !== last)) {
    report("chain", `${jobId} has ${going.length} runs at a time`);
  }
  if (job.status === "running" && going.length !== 1) report("chain", `${jobId} has no run`);
  const isDone = job.status === "committing" || job.status === "succeeded";
  if (isDone && last?.status !== "succeeded") {
    report("chain", `${jobId} is ${job.status}, its last run ${last?.status}`);
  }
  const { stepIndex, round } = chain.link;
  const roundsMax = stepsOfChain(spec)[stepIndex]?.repeat?.roundsMax ?? 1;
  if (round > roundsMax) report("chain", `${jobId} is in round ${round} of ${roundsMax}`);
}

function checkWorkers(state: State, report: Report): void {
  const queued = new Set(state.free.toArray());
  if (queued.size !== state.free.length) report("free-queue", "a worker stands in it twice");
  for (const worker of state.workers.values()) {
    const { workerId, running } = worker;
    checkRunning(state, worker, report);
    if (worker.state === "lost" && (running.size > 0 || worker.holds.size > 0)) {
      report("lost-worker", `${workerId} still runs or holds something`);
    }
    if (worker.state === "released" && (running.size > 0 || worker.holds.size > 0)) {
      report("released-worker", `${workerId} was released while it was needed`);
    }
    if (queued.has(workerId) !== worker.queued) report("free-queue", `${workerId} is marked wrong`);
    if (hasFreeSlot(worker) && !worker.queued) report("free-queue", `${workerId} is not in it`);
    for (const [jobId, held] of worker.holds) {
      for (const index of held) {
        const winner = state.jobs.get(jobId)?.maps.tasks[index]?.winner;
        if (winner?.workerId !== workerId) report("holds", `${workerId} ${jobId} map ${index}`);
      }
    }
  }
}

function checkRunning(state: State, worker: Worker, report: Report): void {
  const { workerId, slots } = worker;
  const running = [...worker.running.values()];
  for (const attempt of running) {
    if (attempt.state !== "running" || attempt.incarnation !== worker.incarnation) {
      report("slots", `${workerId} counts an attempt that does not run there`);
    }
  }
  const unusual = running.filter((attempt) => !isUsual(attempt)).length;
  const recalled = running.filter((attempt) => attempt.isRecalled).length;
  if (unusual !== worker.unusual || recalled !== worker.recalledCount) {
    report("slots", `${workerId} counts what it runs wrong`);
  }
  const most = unusual > 0 ? slots : slots * (1 + limits.attemptsAheadMax);
  if (running.length > most) report("slots", `${workerId} has ${running.length} on ${slots} slots`);
  if (running.length - recalled > slots !== state.crowded.has(worker)) {
    report("crowded", workerId);
  }
}

function checkAttemptCounts(job: Job, report: Report): void {
  const counts = noAttempts();
  for (const { tasks } of [job.maps, job.reduces]) {
    for (const task of tasks) for (const { state } of task?.attempts ?? []) counts[state]++;
  }
  if (JSON.stringify(counts) !== JSON.stringify(job.attemptCounts)) {
    report("attempt-counts", job.jobId);
  }
}

function checkCounts(job: Job, stage: StageTasks, report: Report): void {
  const name = `${job.jobId} ${stage.stage}`;
  const counts = noCounts();
  const pending: number[] = [];
  for (let index = 0; index < stage.taskCount; index++) {
    const task = stage.tasks[index];
    const untouched = job.endedAtMs === null ? "pending" : "cancelled";
    const state = task?.state ?? untouched;
    counts[state]++;
    if (state === "pending") pending.push(index);
  }
  const isWhole = job.remains === null || job.remains.detail === "all";
  if (isWhole && JSON.stringify(counts) !== JSON.stringify(stage.counts)) {
    report("task-counts", `${name} has ${JSON.stringify(stage.counts)}`);
  }
  const queued = stage.again.toArray();
  for (let index = stage.nextFresh; index < stage.taskCount; index++) queued.push(index);
  queued.sort((a, b) => a - b);
  if (queued.join() !== pending.join()) report("pending-queue", name);
  if (stage.running.size !== counts.running) report("running-set", name);
  const { pending: left, waiting, running } = stage.counts;
  if (isFinal(job.status) && left + waiting + running > 0) {
    report("ended-job", `${name} has tasks that are not ended`);
  }
}

function checkTask(state: State, job: Job, stage: StageTasks, task: Task, report: Report): void {
  const name = `${job.jobId} ${stage.stage} ${task.index}`;
  const running = task.attempts.filter((attempt) => attempt.state === "running");
  if (running.length !== (task.state === "running" ? 1 : 0)) {
    report("one-attempt", `${name} is ${task.state} with ${running.length} running attempts`);
  }
  for (const attempt of running) {
    const worker = state.workers.get(attempt.workerId);
    if (!worker?.running.has(attempt.order)) report("slots", `${name} runs in no slot`);
  }
  const done = task.attempts.filter((attempt) => attempt.state === "done");
  if (done.length > 1) report("one-winner", `${name} has ${done.length} accepted attempts`);
  if (isFinal(job.status) && task.state !== "done") return;
  if ((task.state === "done") !== (task.winner !== null)) report("output", name);
  if (task.winner !== null && task.winner.state !== "done") report("output", `${name} is void`);
  if ((task.state === "waiting") !== (task.dueAtMs !== null)) report("retry", name);
  if (task.failureCount >= job.spec.attemptsMax) report("attempts-max", name);
  if (task.lossCount > job.spec.lossesMax) report("losses-max", name);
  if (task.winner === null || stage.stage !== "map" || !needsRuns(job)) return;
  const holder = state.workers.get(task.winner.workerId);
  if (!holder?.holds.get(job.jobId)?.has(task.index)) report("holds", `${name} has no holder`);
}

/** Nothing waits that could go on. */
function checkWork(state: State, report: Report): void {
  const canLaunch = [...state.workers.values()].some(hasFreeSlot);
  for (const job of state.active) {
    if (canLaunch && launchableStage(job) !== null) report("idle-slot", job.jobId);
    const last = job.reduces.taskCount > 0 ? job.reduces : job.maps;
    if (last.counts.done === last.taskCount) report("unfinished", job.jobId);
    if (job.maps.counts.pending === 0) continue;
    for (const task of job.reduces.running) {
      const worker = state.workers.get(task.attempts.at(-1)?.workerId ?? "");
      if (worker?.state === "active" && worker.connected) report("preemption", job.jobId);
    }
  }
}
