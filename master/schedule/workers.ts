import { attemptKey, type AttemptRef } from "#shared/model/ids";
import { announceAll } from "./announce.js";
import { presentWorker, type Context } from "./context.js";
import type { Event } from "./events.js";
import { rerunOrFail } from "./retry.js";
import { dropRunSet } from "./run-set.js";
import { loseRuns } from "./runs.js";
import { forgetRecalls, isUsual, offerSlot } from "./slots.js";
import type { Attempt, State, Worker } from "./state.js";
import { endAttempt, makePending, stageOf } from "./tasks.js";

type Registered = Extract<Event, { type: "worker-registered" }>;

/** A process resumes the incarnation it had, or becomes a new one and loses the former one's. */
export function workerRegistered(context: Context, event: Registered): void {
  const known = context.state.workers.get(event.workerId);
  const resumes =
    known !== undefined &&
    known.state !== "lost" &&
    known.incarnation === event.resume &&
    known.processId === event.processId;
  if (!resumes && known !== undefined) {
    loseWorker(context, known, "another process registered under its name");
  }
  const worker = resumes ? known : addWorker(context, event);
  describe(context, worker, event);
  forgetRecalls(context.state, worker);
  context.touched.add(worker);
  const { workerId, incarnation } = worker;
  const { registration } = worker;
  context.commands.push({ type: "welcome-worker", workerId, incarnation, registration });
  reconcile(context, worker, event.attempts);
  if (worker.state === "released") {
    context.commands.push({ type: "release-worker", workerId, incarnation });
  }
  offerSlot(context.state, worker);
}

export function workerLost(context: Context, event: Extract<Event, { type: "worker-lost" }>): void {
  const worker = presentWorker(context.state, event);
  if (worker === null) return;
  loseWorker(context, worker, event.reason);
  forgetLongLost(context.state);
}

/** Its connection broke: nothing is launched there until it registers again or its lease ends. */
export function workerDisconnected(
  context: Context,
  event: Extract<Event, { type: "worker-disconnected" }>,
): void {
  const worker = presentWorker(context.state, event);
  if (worker === null || (event.registration ?? worker.registration) < worker.registration) return;
  worker.connected = false;
}

/** It takes no new attempts and stays as long as something runs there or its runs are needed. */
export function workerDraining(
  context: Context,
  event: Extract<Event, { type: "worker-draining" }>,
): void {
  const worker = presentWorker(context.state, event);
  if (worker === null) return;
  if (worker.state === "active") worker.state = "draining";
  if (worker.state === "released") {
    const { workerId, incarnation } = worker;
    context.commands.push({ type: "release-worker", workerId, incarnation });
  }
  context.emptied.add(worker);
  context.touched.add(worker);
}

/** Lets draining workers go that neither run nor hold anything. */
export function releaseIdle(context: Context): void {
  for (const worker of context.emptied) {
    if (worker.state !== "draining" || worker.running.size > 0 || worker.holds.size > 0) continue;
    worker.state = "released";
    const { workerId, incarnation } = worker;
    context.commands.push({ type: "release-worker", workerId, incarnation });
  }
}

function loseWorker(context: Context, worker: Worker, reason: string): void {
  if (worker.state === "lost") return;
  worker.state = "lost";
  worker.connected = false;
  worker.lostAtMs = context.nowMs;
  worker.lostReason = reason;
  const running = [...worker.running.values()].toSorted((a, b) => a.order - b.order);
  for (const [at, attempt] of running.entries()) {
    if (at >= worker.slots && isUsual(attempt)) returnAttempt(context, attempt, reason);
    else loseAttempt(context, attempt, `worker lost: ${reason}`);
  }
  loseRuns(context, worker, `worker lost: ${reason}`);
}

function loseAttempt(context: Context, attempt: Attempt, reason: string): void {
  const { ref } = attempt;
  const job = context.state.jobs.get(ref.jobId);
  const task = job && stageOf(job, ref.stage).tasks[ref.taskIndex];
  // An earlier attempt of the same loss may have ended the job, and this attempt with it.
  if (job === undefined || task === undefined || attempt.state !== "running") return;
  endAttempt(context, job, attempt, "lost", reason);
  rerunOrFail(context, job, task, attempt);
}

/**
 * An attempt that waited behind others when its worker was lost: it did not end the worker. If it had
 * begun after all, behind reports that never came, its task is spared once: a later attempt never waits.
 */
function returnAttempt(context: Context, attempt: Attempt, reason: string): void {
  const { ref } = attempt;
  const job = context.state.jobs.get(ref.jobId);
  const task = job && stageOf(job, ref.stage).tasks[ref.taskIndex];
  if (job === undefined || task === undefined || attempt.state !== "running") return;
  endAttempt(context, job, attempt, "cancelled", `it waited at a worker that was lost: ${reason}`);
  makePending(context, job, stageOf(job, ref.stage), task);
}

/** Compares what the worker says it runs with what we know. */
function reconcile(context: Context, worker: Worker, reported: readonly AttemptRef[]): void {
  const present = new Set(reported.map(attemptKey));
  const { workerId, incarnation } = worker;
  const running = [...worker.running.values()].toSorted((a, b) => a.order - b.order);
  for (const attempt of running) {
    if (!present.has(attemptKey(attempt.ref))) {
      loseAttempt(context, attempt, "the worker came back without it");
    }
  }
  for (const ref of reported) {
    const job = context.state.jobs.get(ref.jobId);
    const task = job && stageOf(job, ref.stage).tasks[ref.taskIndex];
    const attempt = task?.attempts[ref.attempt - 1];
    const isOurs = attempt?.workerId === workerId && attempt.incarnation === incarnation;
    if (job !== undefined && isOurs && attempt.state === "running") {
      if (ref.stage === "map") continue;
      announceAll(context, job, attempt);
      // While the worker was away its slots could not be given to maps that must run again.
      context.needing.add(job);
    } else if (!isOurs || (attempt.state !== "done" && attempt.state !== "failed")) {
      const reason = "the coordinator does not expect this attempt any more";
      context.commands.push({ type: "cancel-attempt", workerId, incarnation, ref, reason });
    }
  }
}

function addWorker(context: Context, event: Registered): Worker {
  const { state, nowMs } = context;
  const former = state.workers.get(event.workerId);
  const worker: Worker = {
    workerId: event.workerId,
    incarnation: ++state.lastIncarnation,
    processId: event.processId,
    slots: event.slots,
    slotMemoryBytes: event.slotMemoryBytes,
    runAddress: event.runAddress,
    version: event.version,
    state: "active",
    connected: true,
    registration: 0,
    registeredAtMs: nowMs,
    lostAtMs: null,
    lostReason: null,
    queued: former?.queued ?? false,
    running: new Map(),
    unusual: 0,
    recalledCount: 0,
    holds: new Map(),
  };
  state.workers.set(worker.workerId, worker);
  return worker;
}

/** What a process says of itself may differ after a reconnect. */
function describe(context: Context, worker: Worker, event: Registered): void {
  worker.connected = true;
  worker.registration = ++context.state.lastRegistration;
  worker.slots = event.slots;
  worker.slotMemoryBytes = event.slotMemoryBytes;
  worker.version = event.version;
  if (worker.runAddress === event.runAddress) return;
  worker.runAddress = event.runAddress;
  for (const jobId of worker.holds.keys()) {
    const job = context.state.jobs.get(jobId);
    if (job !== undefined) dropRunSet(job);
  }
}

/** Keeps the list of lost workers short, oldest first out. */
function forgetLongLost(state: State): void {
  const lost = [...state.workers.values()].filter((worker) => worker.state === "lost");
  if (lost.length <= state.config.lostWorkersMax) return;
  lost.sort((a, b) => (a.lostAtMs ?? 0) - (b.lostAtMs ?? 0) || a.incarnation - b.incarnation);
  for (const worker of lost.slice(0, lost.length - state.config.lostWorkersMax)) {
    state.workers.delete(worker.workerId);
    if (worker.queued) state.free.remove(worker.workerId);
  }
}
