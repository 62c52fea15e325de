import { attemptKey, type AttemptRef, type JobId, type WorkerId } from "#shared/model/ids";
import type { Counters } from "#shared/model/result";

export interface AttemptProgress {
  readonly fraction: number;
  readonly counters: Counters;
}

interface Reported {
  readonly ref: AttemptRef;
  readonly fraction: number;
  readonly counters: Counters;
}

/**
 * What heartbeats say about running attempts: for people, never for decisions, so it is neither
 * journalled nor kept once an attempt ended.
 */
export class ProgressBoard {
  readonly #byWorker = new Map<WorkerId, Map<string, Reported>>();
  readonly #rssBytes = new Map<WorkerId, number>();

  /** Replaces everything that the worker reported before. */
  report(workerId: WorkerId, rssBytes: number, attempts: readonly Reported[]): void {
    this.#rssBytes.set(workerId, rssBytes);
    const reported = new Map(attempts.map((attempt) => [attemptKey(attempt.ref), attempt]));
    this.#byWorker.set(workerId, reported);
  }

  of(workerId: WorkerId, ref: AttemptRef): AttemptProgress | null {
    return this.#byWorker.get(workerId)?.get(attemptKey(ref)) ?? null;
  }

  /** Everything known about one job's running attempts. */
  *ofJob(jobId: JobId): Generator<Reported> {
    for (const attempts of this.#byWorker.values()) {
      for (const reported of attempts.values()) {
        if (reported.ref.jobId === jobId) yield reported;
      }
    }
  }

  rssBytes(workerId: WorkerId): number | null {
    return this.#rssBytes.get(workerId) ?? null;
  }

  dropAttempt(workerId: WorkerId, ref: AttemptRef): void {
    this.#byWorker.get(workerId)?.delete(attemptKey(ref));
  }

  dropWorker(workerId: WorkerId): void {
    this.#byWorker.delete(workerId);
    this.#rssBytes.delete(workerId);
  }

  dropJob(jobId: JobId): void {
    for (const attempts of this.#byWorker.values()) {
      for (const [key, { ref }] of attempts) if (ref.jobId === jobId) attempts.delete(key);
    }
  }
}
