import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemRandom, systemTimers } from "#shared/clock/system";
import { scratchPaths } from "#shared/model/keys";
import type { RecordPlace, RunSet } from "#shared/model/result";
import { ReduceRun } from "#worker/reduce/run-reduce";
import { UserCounters } from "#worker/runs/counters";
import type { Merger } from "#worker/runs/merge";
import { RunCollector, type UnreachableRun } from "#worker/shuffle/collector";
import { reduceWithProgram } from "#worker/streaming/reduce-program";
import { threadMemoryBytes } from "./attempt-memory.js";
import type { AttemptOutcome, RunningAttempt } from "./map-attempt.js";
import { memoryShares } from "./memory-shares.js";
import type { AttemptOrder } from "./orders.js";
import { openOutput, outputCounters } from "./part.js";
import { isProgram, outputForm, siteOf } from "./programs.js";
import type { Progress } from "./progress.js";
import { removeFolder } from "./remove-folder.js";
import { makeContext, type UserJob } from "./user-job.js";

/** Waiting for maps is no standstill: a sign of life so often. */
const waitStepMs = 500;

/** A reduce attempt from runs to part. Half of its progress is fetching, half is reducing. */
export class ReduceAttempt implements RunningAttempt {
  readonly #counters = new UserCounters();
  readonly #collector: RunCollector;
  readonly #folder: string;
  #run: ReduceRun | null = null;

  constructor(
    readonly order: AttemptOrder,
    readonly job: UserJob,
    readonly progress: Progress,
    onUnreachable: (report: UnreachableRun) => void,
  ) {
    const { ref, scratchFolder, mapTaskCount } = order;
    this.#folder = join(scratchFolder, scratchPaths.attempt(ref));
    this.#collector = new RunCollector({
      jobId: ref.jobId,
      partition: ref.taskIndex,
      mapTaskCount,
      workerId: order.workerId,
      scratchFolder,
      folder: this.#folder,
      memoryBytes: memoryShares(order.slotMemoryBytes).shuffleBytes,
      token: order.token,
      timers: systemTimers,
      random: systemRandom,
      onUnreachable,
      onProgress: (collected) => {
        progress.step();
        progress.set("fraction", collected / mapTaskCount / 2);
      },
    });
  }

  get during(): string {
    return this.#run?.during ?? "fetch";
  }

  get place(): RecordPlace | null {
    return this.#run?.place(`partition ${this.order.ref.taskIndex}`) ?? null;
  }

  addRuns(runs: RunSet): void {
    this.#collector.add(runs);
  }

  dropRun(mapTaskIndex: number, mapAttempt: number): void {
    this.#collector.drop(mapTaskIndex, mapAttempt);
  }

  async run(): Promise<AttemptOutcome> {
    const life = systemTimers.every(waitStepMs, () => this.progress.step());
    let merger: Merger;
    try {
      merger = await this.#collector.collect();
    } finally {
      life.cancel();
    }
    try {
      return await this.#reduce(merger);
    } finally {
      merger.close();
      // Small segments stay in memory: often there is none.
      if (existsSync(this.#folder)) removeFolder(this.#folder);
    }
  }

  async #reduce(merger: Merger): Promise<AttemptOutcome> {
    const { order, job } = this;
    const output = await openOutput(order, job.definition, job.tap);
    try {
      const base = makeContext(order, job.definition, this.#counters, job.sides);
      const hooks = {
        heldBytesMax: memoryShares(order.slotMemoryBytes).heldBytes,
        onStep: (group: number) => this.progress.stepAt(1, group),
        onProgress: (recordsIn: number, recordsOut: number) =>
          this.#progress(recordsIn, recordsOut),
      };
      const { reduce } = job.step;
      const reduceAll = isProgram(reduce)
        ? reduceWithProgram(
            reduce,
            siteOf(order, base, this.progress),
            outputForm(order, job.definition),
          )
        : null;
      const run = new ReduceRun(
        job.step,
        merger,
        output.writer,
        base,
        hooks,
        output.emitTo,
        reduceAll,
      );
      this.#run = run;
      await run.run();
      const parts = await output.finish();
      const outcome: AttemptOutcome = {
        hasRun: false,
        parts,
        counters: {
          "reduce.records.in": this.#collector.records,
          "reduce.groups": run.groupCount,
          "shuffle.fetched.bytes": this.#collector.fetchedBytes,
          ...outputCounters(parts),
        },
      };
      this.#counters.addTo(outcome.counters);
      return outcome;
    } catch (error) {
      await output.discard().catch(() => undefined);
      throw error;
    }
  }

  #progress(recordsIn: number, recordsOut: number): void {
    const total = Math.max(1, this.#collector.records);
    this.progress.step();
    this.progress.set("fraction", 0.5 + Math.min(0.5, recordsIn / total / 2));
    this.progress.set("recordsIn", recordsIn);
    this.progress.set("recordsOut", recordsOut);
    this.progress.set("memoryBytes", threadMemoryBytes());
  }
}
