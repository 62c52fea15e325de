import { setTimeout as pause } from "node:timers/promises";
import { isFinal } from "#shared/model/job";
import { asFault } from "#shared/errors/fault";
import type { Client } from "./client.js";
import type { JobView } from "./types.js";

export interface WatchOptions {
  /** Pause between two looks; grows from a fraction of it, so that short jobs are seen to end at once. */
  readonly periodMs?: number;
  /** How long an unreachable master is waited for before the watch gives up. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
  /** Told once for each time the master goes away. */
  readonly onUnreachable?: (error: Error) => void;
}

const firstPauseMs = 50;

/**
 * The job as it goes on, view by view; the last one is final.
 * @throws MR_MASTER_UNREACHABLE after `patienceMs` without an answer; AbortError when `signal` says so
 */
export async function* watchJob(
  client: Client,
  jobId: string,
  options: WatchOptions = {},
): AsyncGenerator<JobView, void> {
  const periodMs = options.periodMs ?? 500;
  const patienceMs = options.patienceMs ?? 120_000;
  const { signal } = options;
  let pauseMs = Math.min(firstPauseMs, periodMs);
  let awayMs: number | null = null;
  for (;;) {
    const askedAtMs = performance.now();
    try {
      const job = await client.getJob(jobId, signal);
      awayMs = null;
      yield job;
      if (isFinal(job.status)) return;
    } catch (error) {
      if (signal?.aborted === true || asFault(error).kind !== "unavailable") throw error;
      if (awayMs === null) options.onUnreachable?.(asFault(error));
      awayMs = (awayMs ?? 0) + (performance.now() - askedAtMs) + pauseMs;
      if (awayMs > patienceMs) throw error;
    }
    await pause(pauseMs, undefined, signal === undefined ? {} : { signal });
    pauseMs = Math.min(periodMs, pauseMs * 1.5);
  }
}
