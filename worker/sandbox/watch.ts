import type { ProgressView } from "./progress.js";

/** Time that a thread has to start and to load the bundle, whatever the task time-out is. */
export const startGraceMs = 10_000;

/** What an attempt holds includes garbage: only what stays so long above the limit is in use. */
export const memoryGraceMs = 1_000;

/** So far above its limit an attempt is ended at once: the machine comes first. */
const memoryRunaway = 1.5;

export interface WatchLimits {
  readonly taskTimeoutMs: number;
  readonly memoryBytesMax: number;
}

/**
 * Sees from outside whether an attempt still moves and stays within its memory. Time is added up
 * from look to look, so that a process that was frozen does not take its own sleep for the task's.
 */
export class AttemptWatch {
  readonly #limits: WatchLimits;
  #lastSteps = 0;
  #stillMs = 0;
  #overMs = 0;

  constructor(watchLimits: WatchLimits) {
    this.#limits = watchLimits;
  }

  /** For how long the attempt has shown no progress. */
  get stillMs(): number {
    return this.#stillMs;
  }

  look(seen: ProgressView, elapsedMs: number): "fine" | "stuck" | "memory" {
    if (this.#isOverMemory(seen.memoryBytes, elapsedMs)) return "memory";
    if (seen.steps !== this.#lastSteps) {
      this.#lastSteps = seen.steps;
      this.#stillMs = 0;
      return "fine";
    }
    this.#stillMs += elapsedMs;
    const { taskTimeoutMs } = this.#limits;
    const allowedMs = seen.steps === 0 ? Math.max(taskTimeoutMs, startGraceMs) : taskTimeoutMs;
    return this.#stillMs >= allowedMs ? "stuck" : "fine";
  }

  #isOverMemory(memoryBytes: number, elapsedMs: number): boolean {
    const { memoryBytesMax } = this.#limits;
    this.#overMs = memoryBytes > memoryBytesMax ? this.#overMs + elapsedMs : 0;
    return this.#overMs >= memoryGraceMs || memoryBytes > memoryBytesMax * memoryRunaway;
  }
}
