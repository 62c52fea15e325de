import { Worker } from "node:worker_threads";
import { z } from "zod";
import { limits } from "#shared/model/limits";
import {
  attemptResultSchema,
  failureSchema,
  type AttemptResult,
  type Failure,
} from "#shared/model/result";
import { tailLineCharsMax } from "./attempt-log.js";
import { answerPipes } from "./host-pipes.js";
import { joinLog, readLogTail } from "./log-file.js";
import type { AttemptOrder, HostToThread, ThreadToHost } from "./orders.js";
import { endPrograms } from "./programs.js";
import { Progress, type ProgressView } from "./progress.js";
import { resourceLimitsOf } from "./thread-limits.js";
import {
  crashedVerdict,
  exitedVerdict,
  garbledVerdict,
  memoryVerdict,
  stuckVerdict,
} from "./verdicts.js";
import { AttemptWatch } from "./watch.js";

export type Outcome =
  | { readonly type: "done"; readonly result: AttemptResult }
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "cancelled"; readonly reason: string };

export type RunUnreachable = Extract<ThreadToHost, { readonly type: "run-unreachable" }>;

export interface SlotOptions {
  /** Module that the thread runs; speaks `HostToThread` and `ThreadToHost`. */
  readonly threadUrl: URL;
  readonly slotMemoryBytes: number;
  /** All that user code sees of the environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** A terminated thread that hangs in native code is left behind after so long. */
const terminateWaitMs = 1_000;

const reportSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("done"), result: attemptResultSchema }),
  z.object({ type: z.literal("failed"), failure: failureSchema }),
  z.object({
    type: z.literal("open-pipes"),
    request: z.number(),
    stdin: z.string(),
    stdout: z.string(),
    stderr: z.string(),
  }),
  z.object({
    type: z.literal("run-unreachable"),
    holderId: z.string(),
    mapTaskIndex: z.number(),
    mapAttempt: z.number(),
    reason: z.enum(["missing", "corrupt", "unreachable"]),
  }),
]);

interface Run {
  readonly order: AttemptOrder;
  readonly progress: Progress;
  readonly watch: AttemptWatch;
  readonly onUnreachable: (message: RunUnreachable) => void;
  readonly settle: (outcome: Outcome) => void;
  /** What is for the thread before it has the order. */
  readonly early: HostToThread[];
  hasBegun: boolean;
}

/** Room for one attempt: a thread, kept as long as orders of the same bundle follow and succeed. */
export class Slot {
  readonly #options: SlotOptions;
  #thread: Worker | null = null;
  #bundlePath: string | null = null;
  #run: Run | null = null;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Starts a thread that has no bundle yet, so that the first attempt need not wait for it. */
  warm(): void {
    if (this.#thread !== null || this.#run !== null) return;
    this.#thread = this.#startThread();
  }

  /** Lets an idle thread that has no bundle warm up in a folder of its own. */
  warmUp(folder: string): void {
    if (this.#thread === null || this.#run !== null || this.bundlePath !== null) return;
    const { slotMemoryBytes } = this.#options;
    this.#thread.postMessage({ type: "warm-up", folder, slotMemoryBytes } satisfies HostToThread);
  }

  /** Bundle that an idle thread has loaded, null without one. */
  get bundlePath(): string | null {
    return this.#thread === null ? null : this.#bundlePath;
  }

  /** Runs one attempt to its end; never rejects. The slot must be free. */
  async run(
    order: AttemptOrder,
    onUnreachable: (message: RunUnreachable) => void,
  ): Promise<Outcome> {
    let run: Run | null = null;
    const ended = new Promise<Outcome>((settle) => {
      const { taskTimeoutMs } = order.spec;
      const watch = new AttemptWatch({ taskTimeoutMs, memoryBytesMax: order.slotMemoryBytes });
      const progress = new Progress(order.progress);
      run = { order, progress, watch, onUnreachable, settle, early: [], hasBegun: false };
    });
    this.#run = run;
    const loaded = this.bundlePath;
    if (loaded !== null && loaded !== order.bundlePath) await this.dropThread();
    if (this.#run !== null && this.#run === run) this.#begin(this.#run);
    const outcome = await ended;
    if (outcome.type === "done") return outcome;
    await endPrograms(new Progress(order.progress));
    await this.dropThread();
    joinLog(order.logPath);
    return outcome.type === "failed" ? withLogTail(outcome.failure, order) : outcome;
  }

  /** Passes a message on to the running attempt's thread. */
  post(message: HostToThread): void {
    if (this.#run === null) return;
    if (this.#run.hasBegun) this.#thread?.postMessage(message);
    else this.#run.early.push(message);
  }

  cancel(reason: string): void {
    this.#settle({ type: "cancelled", reason });
  }

  /** Ends the running attempt for the memory that the whole process uses. */
  endForMemory(usedBytes: number, limitBytes: number): void {
    const run = this.#run;
    if (run === null) return;
    this.#fail(memoryVerdict(run.order, usedBytes, limitBytes, run.progress.read()));
  }

  /** Looks at the running attempt and ends it when it is stuck or beyond its memory. */
  look(elapsedMs: number): void {
    const run = this.#run;
    if (run === null) return;
    const seen = run.progress.read();
    const state = run.watch.look(seen, elapsedMs);
    if (state === "stuck") this.#fail(stuckVerdict(run.order, seen));
    if (state === "memory") {
      this.#fail(memoryVerdict(run.order, seen.memoryBytes, run.order.slotMemoryBytes, seen));
    }
  }

  /** What the running attempt shows, null when free. */
  view(): (ProgressView & { readonly stillMs: number }) | null {
    if (this.#run === null) return null;
    return { ...this.#run.progress.read(), stillMs: this.#run.watch.stillMs };
  }

  /** Ends the thread, if there is one; waits until it is gone, but not for ever. */
  async dropThread(): Promise<void> {
    const thread = this.#thread;
    if (thread === null) return;
    this.#thread = null;
    this.#bundlePath = null;
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, terminateWaitMs);
    });
    await Promise.race([thread.terminate(), waited]);
    clearTimeout(timer);
  }

  #begin(run: Run): void {
    try {
      this.#thread ??= this.#startThread();
      this.#bundlePath = run.order.bundlePath;
      this.#thread.postMessage({ type: "run", order: run.order } satisfies HostToThread);
      for (const message of run.early) this.#thread.postMessage(message);
      run.hasBegun = true;
    } catch (error) {
      this.#fail(crashedVerdict(run.order, error, run.progress.read()));
    }
  }

  #startThread(): Worker {
    const { threadUrl, env, slotMemoryBytes } = this.#options;
    const thread = new Worker(threadUrl, {
      env: { ...env },
      // User code runs under the same flags however the worker was started.
      execArgv: [],
      resourceLimits: resourceLimitsOf(slotMemoryBytes),
      stdout: true,
      stderr: true,
    });
    // What is printed outside of attempts goes nowhere, but must be taken.
    thread.stdout.resume();
    thread.stderr.resume();
    thread.on("message", (message: unknown) => {
      if (this.#thread === thread) this.#receive(message);
    });
    thread.on("messageerror", () => {
      if (this.#thread === thread) this.#receive(null);
    });
    thread.on("error", (error) => {
      if (this.#thread !== thread) return;
      const run = this.#run;
      if (run === null) void this.dropThread();
      else this.#fail(crashedVerdict(run.order, error, run.progress.read()));
    });
    thread.on("exit", (exitCode) => {
      if (this.#thread !== thread) return;
      this.#thread = null;
      this.#bundlePath = null;
      const run = this.#run;
      if (run !== null) this.#fail(exitedVerdict(run.order, exitCode, run.progress.read()));
    });
    return thread;
  }

  #receive(message: unknown): void {
    const run = this.#run;
    if (run === null) return;
    const report = reportSchema.safeParse(message);
    if (!report.success) this.#fail(garbledVerdict(run.order, run.progress.read()));
    else if (report.data.type === "run-unreachable") run.onUnreachable(report.data);
    else if (report.data.type === "open-pipes") this.#thread?.postMessage(answerPipes(report.data));
    else this.#settle(report.data);
  }

  #fail(failure: Failure): void {
    this.#settle({ type: "failed", failure });
  }

  #settle(outcome: Outcome): void {
    const run = this.#run;
    this.#run = null;
    run?.settle(outcome);
  }
}

/** The thread gives the last lines itself when it can; else they are read from what it wrote. */
function withLogTail(failure: Failure, order: AttemptOrder): Outcome {
  if (failure.logTail.length > 0) return { type: "failed", failure };
  const logTail = readLogTail(order.logPath, limits.failureLogLines, tailLineCharsMax);
  return { type: "failed", failure: { ...failure, logTail } };
}
