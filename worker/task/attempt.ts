import { asFault } from "#shared/errors/fault";
import type { AttemptRef } from "#shared/model/ids";
import type { Failure } from "#shared/model/result";
import type { Logger } from "#shared/log/logger";
import type {
  DescribeJobMessage,
  LaunchAttemptMessage,
  WorkerMessage,
} from "#shared/protocol/messages";
import { stateFailure } from "#worker/sandbox/explain";
import type { Outcome } from "#worker/sandbox/host";
import type { AttemptOrder, HostToThread } from "#worker/sandbox/orders";
import { Progress, type ProgressView } from "#worker/sandbox/progress";
import type { RunningAttempt, ThreadPool } from "#worker/sandbox/thread-pool";
import type { Bundles } from "./bundles.js";
import type { Leavings } from "./leavings.js";

export type Report = Extract<WorkerMessage, { type: "attempt-done" | "attempt-failed" }>;
export type RunUnreachableMessage = Extract<WorkerMessage, { type: "run-unreachable" }>;

/** What every attempt of this worker needs. */
export interface AttemptTools {
  readonly workerId: string;
  readonly scratchFolder: string;
  readonly slotMemoryBytes: number;
  readonly token: string | null;
  readonly logBytesMax: number;
  readonly pool: ThreadPool;
  readonly bundles: Bundles;
  readonly leavings: Leavings;
  readonly log: Logger;
}

/** One attempt from launch to report: bundle, slot, log, cleaning up. */
export class Attempt {
  readonly ref: AttemptRef;
  /** The report, or null when it was cancelled; never rejects. */
  readonly ended: Promise<Report | null>;
  /** Complaints about runs that the master has not answered yet, by map task. */
  readonly unreachable = new Map<number, RunUnreachableMessage>();
  readonly #tools: AttemptTools;
  readonly #job: DescribeJobMessage;
  readonly #progress = new Progress();
  readonly #early: HostToThread[] = [];
  readonly #onUnreachable: (message: RunUnreachableMessage) => void;
  #running: RunningAttempt | null = null;
  #cancelled: string | null = null;
  #stopWaiting: () => void = () => {};
  /** Resolves when the attempt is cancelled, so that it does not wait for its bundle. */
  readonly #cancellation = new Promise<null>((resolve) => {
    this.#stopWaiting = () => resolve(null);
  });

  constructor(
    tools: AttemptTools,
    job: DescribeJobMessage,
    launch: LaunchAttemptMessage,
    onUnreachable: (message: RunUnreachableMessage) => void,
  ) {
    this.#tools = tools;
    this.#job = job;
    this.ref = launch.ref;
    this.#onUnreachable = onUnreachable;
    this.ended = this.#run(launch);
  }

  get isCancelled(): boolean {
    return this.#cancelled !== null;
  }

  cancel(reason: string): void {
    this.#cancelled ??= reason;
    this.#stopWaiting();
    this.#running?.cancel(reason);
  }

  /** Gives the attempt up if nothing of it has begun. @returns whether; it counts as cancelled then */
  takeBack(): boolean {
    if (this.#cancelled !== null) return false;
    if (this.#running !== null && !this.#running.takeBack()) return false;
    this.cancel("it was taken back before it began");
    return true;
  }

  post(message: HostToThread): void {
    if (message.type === "run-lost") this.unreachable.delete(message.mapTaskIndex);
    if (message.type === "runs-ready") {
      for (const { maps } of message.runs) {
        for (let at = 0; at < maps.length; at += 2) this.unreachable.delete(maps[at] ?? -1);
      }
    }
    if (this.#running === null) this.#early.push(message);
    else this.#running.post(message);
  }

  progress(): ProgressView {
    return this.#progress.read();
  }

  async #run(launch: LaunchAttemptMessage): Promise<Report | null> {
    const outcome = await this.#outcome(launch);
    await this.#tidy(outcome);
    this.#running = null;
    if (outcome.type === "cancelled" || this.isCancelled) return null;
    return outcome.type === "done"
      ? { type: "attempt-done", ref: this.ref, result: outcome.result }
      : { type: "attempt-failed", ref: this.ref, failure: outcome.failure };
  }

  async #outcome(launch: LaunchAttemptMessage): Promise<Outcome> {
    let bundlePath: string | null;
    try {
      const fetched = this.#tools.bundles.get(this.#job.spec.bundleSha256);
      bundlePath = await Promise.race([fetched, this.#cancellation]);
    } catch (error) {
      return { type: "failed", failure: beforeStart(error) };
    }
    if (bundlePath === null || this.#cancelled !== null) {
      return { type: "cancelled", reason: this.#cancelled ?? "" };
    }
    this.#running = this.#tools.pool.start(this.#order(launch, bundlePath), (message) => {
      const complaint: RunUnreachableMessage = { ...message, ref: this.ref };
      this.unreachable.set(message.mapTaskIndex, complaint);
      this.#onUnreachable(complaint);
    });
    for (const message of this.#early.splice(0)) this.#running.post(message);
    return this.#running.outcome;
  }

  #order(launch: LaunchAttemptMessage, bundlePath: string): AttemptOrder {
    const { workerId, scratchFolder, slotMemoryBytes, token, logBytesMax, leavings } = this.#tools;
    const { spec, output, partitionCount, mapTaskCount, compression, boundaries, sides } =
      this.#job;
    return {
      ref: launch.ref,
      spec,
      output,
      partitionCount,
      mapTaskCount,
      boundaries,
      sides,
      compression,
      work: launch.work,
      bundlePath,
      workerId,
      scratchFolder,
      slotMemoryBytes,
      token,
      logPath: leavings.logPath(launch.ref),
      logBytesMax,
      progress: this.#progress.memory,
    };
  }

  /** The log first, for whoever reads it after the report; then what no result refers to. */
  async #tidy(outcome: Outcome): Promise<void> {
    const { leavings, log } = this.#tools;
    try {
      await leavings.keepLog(this.ref);
    } catch (error) {
      log.warn({ ...this.ref, err: error }, "cannot keep the log of an attempt");
    }
    if (outcome.type === "done" && !this.isCancelled) return;
    try {
      await leavings.removeAttempt(this.ref, this.#job.output);
    } catch (error) {
      log.warn({ ...this.ref, err: error }, "cannot remove what an attempt left");
    }
  }
}

/** Nothing of the user's ran yet: whatever went wrong is the cluster's. */
function beforeStart(error: unknown): Failure {
  const { code, message } = asFault(error);
  const isDiskFull = (error as { code?: unknown } | null)?.code === "ENOSPC";
  return stateFailure(isDiskFull ? "MR_DISK_FULL" : code, message, { blame: "infrastructure" });
}
