import { commitJob } from "#master/commit/commit-job";
import { outputExists } from "#master/commit/output-exists";
import { readManifest } from "#master/commit/read-manifest";
import { removePending } from "#master/commit/remove-pending";
import type { Planned } from "#master/plan/plan-job";
import type { Event, OutputSummary } from "#master/schedule/events";
import type { Job, State } from "#master/schedule/state";
import { jobCounters, winningParts } from "#master/schedule/views";
import type { Clock, Timers } from "#shared/clock/clock";
import { asFault } from "#shared/errors/fault";
import type { Manifest } from "#shared/format/manifest";
import type { Logger } from "#shared/log/logger";
import type { JobId } from "#shared/model/ids";
import type { JobSpec } from "#shared/model/job";
import { keys } from "#shared/model/keys";
import type { Failure } from "#shared/model/result";
import type { StorageBackend } from "#shared/storage/backend";
import { parseLocation } from "#shared/storage/locations";
import { planSpec } from "./plan-spec.js";
import { lastRunParts } from "./run-parts.js";

export interface JobEffectsParts {
  /** Rooted at `/`. */
  readonly backend: StorageBackend;
  /** Backend key of the data folder. */
  readonly dataKey: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly state: () => State;
  readonly offer: (event: Event) => void;
}

/** A finished job is worth waiting for: half a minute for storage to come back. */
const commitTriesMax = 6;
/** Someone may watch the submit: seven seconds. */
const planTriesMax = 4;
const retryMs = 1_000;

type Effect = "plan" | "commit" | "clean" | "remove" | "forget";

/**
 * What the coordinator does to storage for a job. Each can be repeated after a crash; within this
 * process one of a kind runs at a time for a job. The outcome comes back as an event.
 */
export class JobEffects {
  readonly #parts: JobEffectsParts;
  readonly #running = new Map<string, Promise<void>>();
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(parts: JobEffectsParts) {
    this.#parts = parts;
  }

  /** What a spec would become with the slots of now. @throws MR_INPUT_NOT_FOUND and others */
  async plan(spec: JobSpec): Promise<Planned> {
    return planSpec(this.#parts.backend, spec, this.#slotCount());
  }

  /** Whether a job without `overwrite` must not write there. */
  outputExists(output: string): Promise<boolean> {
    return outputExists(this.#parts.backend, output);
  }

  /** What lies in an output folder; null without a manifest. @throws MR_OUTPUT_CORRUPT */
  manifestOf(output: string): Promise<Manifest | null> {
    return readManifest(this.#parts.backend, parseLocation(output).key);
  }

  startPlan(jobId: JobId): void {
    this.#start("plan", jobId, async () => {
      const job = this.#job(jobId);
      if (job === null) return;
      try {
        const isWanted = () => this.#job(jobId)?.status === "planning";
        const planned = await this.#trying("plan", jobId, planTriesMax, isWanted, () =>
          this.plan(job.spec),
        );
        if (planned === null) return;
        if (planned.ok) this.#parts.offer({ type: "job-planned", jobId, plan: planned.plan });
        else this.#parts.offer({ type: "plan-failed", jobId, failure: planned.failure });
      } catch (error) {
        this.#parts.offer({ type: "plan-failed", jobId, failure: failureOf(error) });
      }
    });
  }

  startCommit(jobId: JobId): void {
    this.#start("commit", jobId, async () => {
      const job = this.#job(jobId);
      if (job === null) return;
      try {
        const summary = await this.#commit(job);
        if (summary === null) return;
        this.#parts.offer({ type: "commit-done", jobId, summary });
      } catch (error) {
        this.#parts.offer({ type: "commit-failed", jobId, failure: failureOf(error) });
      }
    });
  }

  /** Removes what attempts of a job that did not succeed left in the output folder. */
  startClean(jobId: JobId): void {
    const job = this.#job(jobId);
    if (job === null || job.status === "succeeded") return;
    const { output } = job;
    this.#start("clean", jobId, () => removePending(this.#parts.backend, output, jobId));
  }

  /** Removes what a run of a chain wrote, in the chain's private folder, and nobody reads any more. */
  startRemove(jobId: JobId, output: string): void {
    const { backend } = this.#parts;
    const { key } = parseLocation(output);
    // Two runs of one chain may be over at once: each has a removal of its own.
    this.#start("remove", `${jobId} ${key}`, () => backend.deleteFolder(key));
  }

  /** Removes the logs of a job that is no longer known. */
  startForget(jobId: JobId): void {
    const { backend, dataKey } = this.#parts;
    this.#start("forget", jobId, () => backend.deleteFolder(`${dataKey}/${keys.logFolder(jobId)}`));
  }

  /** Starts nothing more, and resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const wake of this.#pauses) wake();
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #commit(job: Job): Promise<OutputSummary | null> {
    const { jobId, spec, output, chain } = job;
    const { state, backend, clock } = this.#parts;
    // A cancel that came after the commit began waits for it.
    const isWanted = () => this.#job(jobId) !== null;
    return this.#trying("commit", jobId, commitTriesMax, isWanted, async () =>
      commitJob(backend, {
        jobId,
        jobName: spec.name,
        output,
        overwrite: spec.overwrite,
        parts: chain === null ? winningParts(state(), jobId) : await lastRunParts(backend, job),
        counters: jobCounters(state(), jobId),
        nowMs: clock.nowMs(),
      }),
    );
  }

  /**
   * Tries again while storage is away.
   * @returns null when it is not wanted any more, or the process stops; then the next start repeats it
   */
  async #trying<Result>(
    effect: Effect,
    jobId: JobId,
    triesMax: number,
    isWanted: () => boolean,
    run: () => Promise<Result>,
  ): Promise<Result | null> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await run();
      } catch (error) {
        const { kind } = asFault(error);
        const mayHeal = kind === "unavailable" || kind === "exhausted";
        if (!mayHeal || tries === triesMax) throw error;
        this.#parts.log.warn({ err: error, jobId, effect, tries }, "effect failed, trying again");
        if (!this.#isStopped) await this.#pause(retryMs * 2 ** (tries - 1));
        if (this.#isStopped || !isWanted()) return null;
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        timer.cancel();
        this.#pauses.delete(wake);
        resolve();
      };
      const timer = this.#parts.timers.after(delayMs, wake);
      this.#pauses.add(wake);
    });
  }

  #start(effect: Effect, jobId: JobId, run: () => Promise<void>): void {
    const key = `${effect} ${jobId}`;
    if (this.#isStopped || this.#running.has(key)) return;
    const done = run()
      .catch((error: unknown) => {
        // Only clean-ups come here: what they leave behind is space, not a wrong answer.
        this.#parts.log.warn({ err: error, jobId, effect }, "clean-up failed");
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, done);
  }

  #job(jobId: JobId): Job | null {
    return this.#parts.state().jobs.get(jobId) ?? null;
  }

  #slotCount(): number {
    let count = 0;
    for (const { state, slots } of this.#parts.state().workers.values()) {
      if (state === "active") count += slots;
    }
    return count;
  }
}

function failureOf(error: unknown): Failure {
  const { code, message } = asFault(error);
  return {
    code,
    message,
    blame: "infrastructure",
    userFrame: null,
    stack: null,
    place: null,
    logTail: [],
    permanent: true,
  };
}
