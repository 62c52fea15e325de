import {
  attemptKey,
  type AttemptRef,
  type Incarnation,
  type TaskRef,
  type WorkerId,
} from "#shared/model/ids";
import type { JobSpec } from "#shared/model/job";
import type { AttemptResult, Failure } from "#shared/model/result";
import type { JobPlan } from "#shared/model/split";
import type { Command } from "#master/schedule/commands";
import { chainIdOf } from "./chain-jobs.js";
import type { Observation } from "./checkers/checker.js";

export interface LedgerAttempt {
  readonly ref: AttemptRef;
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  status: "running" | "accepted" | "failed" | "cancelled" | "lost";
  result: AttemptResult | null;
}

export interface LedgerTask {
  readonly ref: TaskRef;
  launchCount: number;
  userFailures: number;
  losses: number;
  permanentFailure: boolean;
  /** The attempt that was accepted last. */
  accepted: LedgerAttempt | null;
  acceptedCount: number;
  /** Whether reduces reported often enough that the accepted attempt's run cannot be had. */
  isGivenUp: boolean;
  reports: number;
}

export interface LedgerJob {
  readonly jobId: string;
  readonly spec: JobSpec;
  plan: JobPlan | null;
  hasEnded: boolean;
  commitCount: number;
  /** Whether its commit was done. */
  isCommitted: boolean;
}

/**
 * What follows from events and commands alone, kept apart from the state machine's own books so that
 * checkers do not believe what they check.
 */
export class Ledger {
  readonly workers = new Map<
    WorkerId,
    { incarnation: Incarnation; isLost: boolean; slots: number }
  >();
  readonly attempts = new Map<string, LedgerAttempt>();
  readonly tasks = new Map<string, LedgerTask>();
  readonly jobs = new Map<string, LedgerJob>();
  readonly #running = new Set<LedgerAttempt>();

  task(ref: TaskRef): LedgerTask {
    const key = `${ref.jobId}/${ref.stage}/${ref.taskIndex}`;
    let task = this.tasks.get(key);
    if (task === undefined) {
      const { jobId, stage, taskIndex } = ref;
      task = {
        ref: { jobId, stage, taskIndex },
        launchCount: 0,
        userFailures: 0,
        losses: 0,
        permanentFailure: false,
        accepted: null,
        acceptedCount: 0,
        isGivenUp: false,
        reports: 0,
      };
      this.tasks.set(key, task);
    }
    return task;
  }

  tasksOf(jobId: string, stage: "map" | "reduce"): LedgerTask[] {
    return [...this.tasks.values()].filter(({ ref }) => ref.jobId === jobId && ref.stage === stage);
  }

  /** Attempts that run, by what the coordinator was told and told. */
  running(filter: (attempt: LedgerAttempt) => boolean): LedgerAttempt[] {
    return [...this.#running].filter(filter);
  }

  /** Whether this incarnation is the worker's present one. */
  isPresent(workerId: WorkerId, incarnation: Incarnation): boolean {
    const worker = this.workers.get(workerId);
    return worker !== undefined && !worker.isLost && worker.incarnation === incarnation;
  }

  /** Takes in the event, before the commands that answered it. */
  applyEvent({ event, commands }: Observation): void {
    switch (event.type) {
      case "job-submitted": {
        const { jobId, spec } = event;
        if (this.jobs.has(jobId)) return;
        this.#addJob(jobId, spec);
        return;
      }
      case "job-planned": {
        const job = this.jobs.get(event.jobId);
        if (job && !job.hasEnded) job.plan ??= event.plan;
        return;
      }
      case "commit-done": {
        const job = this.jobs.get(event.jobId);
        if (job && !job.hasEnded) job.isCommitted = true;
        return;
      }
      case "worker-lost":
        if (this.isPresent(event.workerId, event.incarnation)) this.#lose(event.workerId);
        return;
      case "worker-registered": {
        const welcome = commands.find((command) => command.type === "welcome-worker");
        const incarnation = welcome?.incarnation ?? -1;
        const { workerId, slots } = event;
        if (this.isPresent(workerId, incarnation)) {
          const present = new Set(event.attempts.map(attemptKey));
          this.#loseAttempts(workerId, (attempt) => !present.has(attemptKey(attempt.ref)));
          return;
        }
        this.#lose(workerId);
        this.workers.set(workerId, { incarnation, isLost: false, slots });
        return;
      }
      case "attempt-returned": {
        const attempt = this.attempts.get(attemptKey(event.ref));
        if (attempt?.status !== "running" || !this.isPresent(event.workerId, event.incarnation))
          return;
        if (attempt.workerId !== event.workerId || attempt.incarnation !== event.incarnation)
          return;
        this.#end(attempt, "cancelled");
        return;
      }
      case "run-unreachable": {
        if (!this.#reports(event)) return;
        const { jobId } = event.ref;
        const map = this.task({ jobId, stage: "map", taskIndex: event.mapTaskIndex });
        if (map.accepted?.ref.attempt !== event.mapAttempt) return;
        map.reports++;
        const reduces = this.running(({ ref }) => ref.jobId === jobId && ref.stage === "reduce");
        const enough = Math.min(3, reduces.length);
        if (event.reason !== "unreachable" || map.reports >= enough) map.isGivenUp = true;
      }
    }
  }

  applyCommand(command: Command, { event }: Observation): void {
    switch (command.type) {
      case "plan-job": {
        // A run of a chain comes into being by its plan.
        const chain = this.jobs.get(chainIdOf(command.jobId) ?? "");
        if (chain && !this.jobs.has(command.jobId)) {
          const { steps: _steps, totalOrder: _totalOrder, ...spec } = chain.spec;
          this.#addJob(command.jobId, spec);
        }
        return;
      }
      case "launch-map":
      case "launch-reduce": {
        const { ref, workerId, incarnation } = command;
        const attempt: LedgerAttempt = {
          ref,
          workerId,
          incarnation,
          status: "running",
          result: null,
        };
        this.attempts.set(attemptKey(ref), attempt);
        this.#running.add(attempt);
        this.task(ref).launchCount++;
        return;
      }
      case "cancel-attempt": {
        const attempt = this.attempts.get(attemptKey(command.ref));
        if (attempt?.status !== "running" || attempt.incarnation !== command.incarnation) return;
        this.#end(attempt, "cancelled");
        return;
      }
      case "answer-report": {
        const attempt = this.attempts.get(attemptKey(command.ref));
        if (!command.accepted || attempt?.status !== "running") return;
        if (event.type === "attempt-done") this.#accept(attempt, event.result);
        if (event.type === "attempt-failed") this.#fail(attempt, event.failure);
        return;
      }
      case "commit-job": {
        const job = this.jobs.get(command.jobId);
        if (job) job.commitCount++;
        return;
      }
      case "clean-job": {
        const job = this.jobs.get(command.jobId);
        if (job) job.hasEnded = true;
      }
    }
  }

  #addJob(jobId: string, spec: JobSpec): void {
    const fresh = { plan: null, hasEnded: false, commitCount: 0, isCommitted: false };
    this.jobs.set(jobId, { jobId, spec, ...fresh });
  }

  #reports(event: { ref: AttemptRef; workerId: WorkerId; incarnation: Incarnation }): boolean {
    const reporter = this.attempts.get(attemptKey(event.ref));
    if (reporter?.status !== "running" || event.ref.stage !== "reduce") return false;
    return reporter.workerId === event.workerId && reporter.incarnation === event.incarnation;
  }

  #accept(attempt: LedgerAttempt, result: AttemptResult): void {
    this.#end(attempt, "accepted");
    attempt.result = result;
    const task = this.task(attempt.ref);
    task.accepted = attempt;
    task.acceptedCount++;
    task.isGivenUp = false;
    task.reports = 0;
  }

  #fail(attempt: LedgerAttempt, failure: Failure): void {
    this.#end(attempt, "failed");
    const task = this.task(attempt.ref);
    if (failure.blame === "user") task.userFailures++;
    else task.losses++;
    if (failure.permanent) task.permanentFailure = true;
  }

  #lose(workerId: WorkerId): void {
    const worker = this.workers.get(workerId);
    if (worker === undefined || worker.isLost) return;
    worker.isLost = true;
    // In the order of launch: those that have no slot yet wait, and only first attempts of maps do.
    const attempts = this.running((attempt) => attempt.workerId === workerId);
    for (const attempt of attempts.slice(worker.slots)) {
      if (attempt.ref.stage === "map" && attempt.ref.attempt === 1) this.#end(attempt, "cancelled");
    }
    this.#loseAttempts(workerId, () => true);
  }

  #loseAttempts(workerId: WorkerId, filter: (attempt: LedgerAttempt) => boolean): void {
    for (const attempt of this.#running) {
      if (attempt.workerId !== workerId || !filter(attempt)) continue;
      this.#end(attempt, "lost");
      this.task(attempt.ref).losses++;
    }
  }

  #end(attempt: LedgerAttempt, status: LedgerAttempt["status"]): void {
    attempt.status = status;
    this.#running.delete(attempt);
  }
}
