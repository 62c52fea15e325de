import { fault } from "#shared/errors/fault";
import { limits } from "#shared/model/limits";
import { attemptKey, isJobId, type AttemptRef, type JobId } from "#shared/model/ids";
import type {
  DescribeJobMessage,
  LaunchAttemptMessage,
  MasterMessage,
  WorkerMessage,
} from "#shared/protocol/messages";
import { stateFailure } from "#worker/sandbox/explain";
import type { HostToThread } from "#worker/sandbox/orders";
import { Attempt, type AttemptTools, type Report } from "./attempt.js";

/** Messages about jobs and attempts; the session keeps the others to itself. */
export type TaskMessage = Exclude<MasterMessage, { type: "registered" | "rejected" | "leave" }>;

type HeartbeatAttempts = Extract<WorkerMessage, { type: "heartbeat" }>["attempts"];

export interface TasksOptions extends AttemptTools {
  readonly slots: number;
}

interface KnownJob {
  readonly description: DescribeJobMessage;
  /** Done attempts whose runs or parts lie here. */
  readonly done: Map<string, AttemptRef>;
}

/** All attempts of this worker, their reports until the master has them, what jobs left here. */
export class Tasks {
  readonly #options: TasksOptions;
  readonly #jobs = new Map<JobId, KnownJob>();
  /** Every job that something may lie here of, also when all of it was lost. */
  readonly #traces = new Set<JobId>();
  readonly #attempts = new Map<string, Attempt>();
  /** Not yet acknowledged. */
  readonly #reports = new Map<string, Report>();
  readonly #idleWaiters: (() => void)[] = [];
  /** Removals on their way. */
  readonly #cleaning = new Set<Promise<void>>();
  #send: (message: WorkerMessage) => void = () => {};
  #takesNew = true;

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  /** Says where messages to the master go; they are dropped there while it cannot be reached. */
  sendBy(send: (message: WorkerMessage) => void): void {
    this.#send = send;
  }

  /** @throws MR_PROTOCOL_VIOLATION */
  receive(message: TaskMessage): void {
    switch (message.type) {
      case "describe-job":
        return this.#describe(message);
      case "launch-attempt":
        return this.#launch(message);
      case "cancel-attempt":
        return this.#cancel(message.ref, message.reason);
      case "recall-attempt":
        return this.#recall(message.ref);
      case "runs-ready":
        return this.#post(message.ref, { type: "runs-ready", runs: message.runs });
      case "run-lost": {
        const { mapTaskIndex, mapAttempt } = message;
        return this.#post(message.ref, { type: "run-lost", mapTaskIndex, mapAttempt });
      }
      case "report-received":
        return this.#acknowledge(message.ref, message.accepted);
      case "forget-job":
        return this.#forget(message.jobId);
    }
  }

  /** Attempts that run, or whose report the master has not acknowledged. */
  attempts(): AttemptRef[] {
    const running = this.#live().map(({ ref }) => ref);
    return [...running, ...[...this.#reports.values()].map(({ ref }) => ref)];
  }

  /** Jobs that the master has not told this worker to forget. */
  jobs(): JobId[] {
    return [...this.#traces];
  }

  /** Progress for a heartbeat. */
  progress(): HeartbeatAttempts {
    return this.#live().map((attempt) => {
      const { ref } = attempt;
      const { fraction, recordsIn, recordsOut } = attempt.progress();
      return {
        ref,
        // What the thread writes is not checked there; NaN would not pass as JSON.
        fraction: Math.min(1, Math.max(0, fraction)) || 0,
        counters: {
          [`${ref.stage}.records.in`]: recordsIn || 0,
          [`${ref.stage}.records.out`]: recordsOut || 0,
        },
      };
    });
  }

  /** Says again what a broken connection may have swallowed. */
  repeat(): void {
    for (const report of this.#reports.values()) this.#send(report);
    for (const attempt of this.#live()) {
      for (const complaint of attempt.unreachable.values()) this.#send(complaint);
    }
  }

  /** The master takes this worker for lost: nothing that runs or lies here counts any more. */
  loseAll(reason: string): void {
    for (const attempt of this.#attempts.values()) attempt.cancel(reason);
    this.#reports.clear();
    for (const [jobId, job] of this.#jobs) {
      this.#jobs.delete(jobId);
      for (const ref of job.done.values()) {
        this.#clean(ref, () => this.#options.leavings.removeScratch(ref));
      }
    }
    this.#settleIdle();
  }

  /** Launches that come from now on are refused. */
  refuseNew(): void {
    this.#takesNew = false;
  }

  /** Resolves once no attempt runs and every report is acknowledged. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      this.#settleIdle();
    });
  }

  /** Cancels everything and waits until it has ended. */
  async close(): Promise<void> {
    for (const attempt of this.#attempts.values()) attempt.cancel("the worker stops");
    await Promise.all([...this.#attempts.values()].map(({ ended }) => ended));
    await this.#options.pool.close();
    await this.settled();
  }

  /** Resolves once everything that was to be removed so far is gone. */
  async settled(): Promise<void> {
    await Promise.all(this.#cleaning);
  }

  #live(): Attempt[] {
    return [...this.#attempts.values()].filter((attempt) => !attempt.isCancelled);
  }

  #describe(message: DescribeJobMessage): void {
    if (!isJobId(message.jobId)) {
      throw fault("MR_PROTOCOL_VIOLATION", "job id is not one", { jobId: message.jobId });
    }
    const done = this.#jobs.get(message.jobId)?.done ?? new Map<string, AttemptRef>();
    this.#jobs.set(message.jobId, { description: message, done });
    this.#traces.add(message.jobId);
  }

  #launch(message: LaunchAttemptMessage): void {
    const key = attemptKey(message.ref);
    const report = this.#reports.get(key);
    if (report !== undefined) return this.#send(report);
    if (this.#attempts.has(key)) return;
    const job = this.#jobs.get(message.ref.jobId);
    if (job === undefined) return this.#refuse(message.ref, "the job was not described before");
    if (message.work.stage !== message.ref.stage) {
      return this.#refuse(message.ref, "the work is of another stage");
    }
    if (!this.#takesNew) return this.#refuse(message.ref, "the worker takes no new attempts");
    const attemptsMax = this.#options.slots * (1 + limits.attemptsAheadMax);
    if (this.#attempts.size >= attemptsMax && this.#live().length >= attemptsMax) {
      return this.#refuse(message.ref, `no more attempts may wait allowed=${attemptsMax}`);
    }
    const attempt = new Attempt(this.#options, job.description, message, (complaint) =>
      this.#send(complaint),
    );
    this.#attempts.set(key, attempt);
    this.#options.log.debug({ ...message.ref }, "attempt started");
    void attempt.ended.then((ended) => this.#finish(key, attempt, ended));
  }

  #finish(key: string, attempt: Attempt, report: Report | null): void {
    if (this.#attempts.get(key) === attempt) this.#attempts.delete(key);
    if (report !== null && !attempt.isCancelled) {
      if (report.type === "attempt-done") {
        this.#jobs.get(report.ref.jobId)?.done.set(key, report.ref);
      }
      this.#log(report);
      this.#report(report);
    }
    this.#settleIdle();
  }

  #refuse(ref: AttemptRef, reason: string): void {
    this.#options.log.error({ ...ref, reason }, "launch refused");
    const failure = stateFailure("MR_PROTOCOL_VIOLATION", `launch refused: ${reason}`, {
      blame: "infrastructure",
    });
    this.#report({ type: "attempt-failed", ref, failure });
  }

  #report(report: Report): void {
    this.#reports.set(attemptKey(report.ref), report);
    this.#send(report);
  }

  #cancel(ref: AttemptRef, reason: string): void {
    const key = attemptKey(ref);
    this.#attempts.get(key)?.cancel(reason);
    const report = this.#reports.get(key);
    if (report === undefined) return;
    this.#reports.delete(key);
    this.#discard(report);
    this.#settleIdle();
  }

  /** What has begun goes on: its report is the answer. */
  #recall(ref: AttemptRef): void {
    if (this.#attempts.get(attemptKey(ref))?.takeBack() !== true) return;
    this.#send({ type: "attempt-returned", ref });
  }

  #acknowledge(ref: AttemptRef, isAccepted: boolean): void {
    const key = attemptKey(ref);
    const report = this.#reports.get(key);
    if (report === undefined) return;
    this.#reports.delete(key);
    if (!isAccepted) {
      this.#options.log.info({ ...ref }, "report came too late");
      this.#discard(report);
    }
    this.#settleIdle();
  }

  /** A result that nobody took leaves nothing behind. */
  #discard(report: Report): void {
    if (report.type !== "attempt-done") return;
    const job = this.#jobs.get(report.ref.jobId);
    job?.done.delete(attemptKey(report.ref));
    const { leavings } = this.#options;
    this.#clean(report.ref, () =>
      job === undefined
        ? leavings.removeScratch(report.ref)
        : leavings.removeAttempt(report.ref, job.description.output),
    );
  }

  #post(ref: AttemptRef, message: HostToThread): void {
    this.#attempts.get(attemptKey(ref))?.post(message);
  }

  #forget(jobId: JobId): void {
    const job = this.#jobs.get(jobId);
    this.#jobs.delete(jobId);
    this.#traces.delete(jobId);
    const running = [...this.#attempts.values()].filter(({ ref }) => ref.jobId === jobId);
    for (const attempt of running) attempt.cancel("the job has ended");
    for (const [key, report] of this.#reports) {
      if (report.ref.jobId === jobId) this.#reports.delete(key);
    }
    this.#settleIdle();
    const sha256 = job?.description.spec.bundleSha256;
    this.#clean({ jobId }, () => this.#removeJob(jobId, sha256, running));
  }

  async #removeJob(
    jobId: JobId,
    sha256: string | undefined,
    running: readonly Attempt[],
  ): Promise<void> {
    await Promise.all(running.map(({ ended }) => ended));
    const { bundles, pool, leavings } = this.#options;
    const isShared = [...this.#jobs.values()].some(
      ({ description }) => description.spec.bundleSha256 === sha256,
    );
    if (sha256 !== undefined && !isShared) {
      pool.forgetBundle(bundles.pathOf(sha256));
      bundles.forget(sha256);
    }
    await leavings.removeJob(jobId);
  }

  /** Best effort: what stays is removed with the job, or when the worker starts again. */
  #clean(fields: object, remove: () => Promise<void>): void {
    const cleaning = remove()
      .catch((error: unknown) => {
        this.#options.log.warn({ ...fields, err: error }, "cannot clean the scratch folder");
      })
      .finally(() => this.#cleaning.delete(cleaning));
    this.#cleaning.add(cleaning);
  }

  #log(report: Report): void {
    if (report.type === "attempt-done") {
      this.#options.log.debug(
        { ...report.ref, durationMs: report.result.durationMs },
        "attempt done",
      );
      return;
    }
    const { code, message, blame } = report.failure;
    this.#options.log.info({ ...report.ref, code, reason: message, blame }, "attempt failed");
  }

  #settleIdle(): void {
    if (this.#attempts.size > 0 || this.#reports.size > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}
