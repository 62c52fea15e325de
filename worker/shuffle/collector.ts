import { Agent } from "node:http";
import { readSync, openSync, closeSync } from "node:fs";
import { join } from "node:path";
import type { Random, Timers } from "#shared/clock/clock";
import { asFault, fault } from "#shared/errors/fault";
import type { AttemptRef, JobId, WorkerId } from "#shared/model/ids";
import { runUrlPath, scratchPaths } from "#shared/model/keys";
import type { RunSet } from "#shared/model/result";
import type { Merger } from "#worker/runs/merge";
import { readRunIndex } from "#worker/runs/run-file";
import { fetchRun } from "./fetch-run.js";
import { SegmentStore } from "./segment-store.js";

export interface CollectorOptions {
  readonly jobId: JobId;
  readonly partition: number;
  readonly mapTaskCount: number;
  readonly workerId: WorkerId;
  readonly scratchFolder: string;
  /** For fetched segments; made and removed by the caller. */
  readonly folder: string;
  readonly memoryBytes: number;
  readonly token: string | null;
  readonly timers: Timers;
  readonly random: Random;
  readonly onUnreachable: (report: UnreachableRun) => void;
  readonly onProgress: (collected: number) => void;
}

export interface UnreachableRun {
  readonly holderId: WorkerId;
  readonly mapTaskIndex: number;
  readonly mapAttempt: number;
  readonly reason: "missing" | "corrupt" | "unreachable";
}

interface KnownRun {
  readonly ref: AttemptRef;
  readonly holderId: WorkerId;
  readonly address: string;
}

/** Several requests at once hide the latency of many small segments; more only cost memory. */
const fetchesMax = 4;
const triesMax = 4;
const retryBaseMs = 100;
const silenceMs = 15_000;

/**
 * Collects one partition from the run of every map task while maps still run. A run that cannot be
 * had is reported and waited for: the coordinator has its map run again and announces the new one.
 */
export class RunCollector {
  fetchedBytes = 0;
  readonly #options: CollectorOptions;
  readonly #store: SegmentStore;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: fetchesMax });
  /** Newest announced run of each map task that was not collected yet. */
  readonly #known = new Map<number, KnownRun>();
  readonly #collected = new Set<number>();
  readonly #queue: KnownRun[] = [];
  #active = 0;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null =
    null;
  #error: unknown = null;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#store = new SegmentStore(options.folder, options.memoryBytes);
  }

  get records(): number {
    return this.#store.records;
  }

  add(runs: RunSet): void {
    const { jobId } = this.#options;
    for (const { workerId, address, maps } of runs) {
      for (let at = 0; at + 1 < maps.length; at += 2) {
        const [taskIndex = 0, attempt = 0] = [maps[at], maps[at + 1]];
        const known = this.#known.get(taskIndex);
        if (this.#collected.has(taskIndex) || (known?.ref.attempt ?? 0) >= attempt) continue;
        const ref: AttemptRef = { jobId, stage: "map", taskIndex, attempt };
        const run: KnownRun = { ref, holderId: workerId, address };
        this.#known.set(taskIndex, run);
        this.#queue.push(run);
      }
    }
    this.#pump();
  }

  /** The run is gone: whatever waits for it waits for the next announcement instead. */
  drop(mapTaskIndex: number, mapAttempt: number): void {
    const known = this.#known.get(mapTaskIndex);
    if (known?.ref.attempt === mapAttempt) this.#known.delete(mapTaskIndex);
  }

  /** Resolves with all records of the partition in order, once every map task's run is here. */
  async collect(): Promise<Merger> {
    if (this.#error === null && this.#collected.size < this.#options.mapTaskCount) {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
      });
    }
    this.#agent.destroy();
    if (this.#error !== null) throw this.#error;
    return this.#store.merge();
  }

  #pump(): void {
    while (this.#active < fetchesMax) {
      const run = this.#queue.shift();
      if (run === undefined) return;
      if (!this.#isWanted(run)) continue;
      this.#active++;
      void this.#obtain(run).then(
        () => this.#ended(),
        (error: unknown) => {
          this.#error ??= error;
          this.#settle?.reject(error);
        },
      );
    }
  }

  #ended(): void {
    this.#active--;
    if (this.#collected.size === this.#options.mapTaskCount) this.#settle?.resolve();
    else this.#pump();
  }

  #isWanted(run: KnownRun): boolean {
    return this.#known.get(run.ref.taskIndex) === run;
  }

  /** Gets one run, or reports that it cannot be had. Only errors of this machine reject. */
  async #obtain(run: KnownRun): Promise<void> {
    for (let tries = 1; this.#isWanted(run); tries++) {
      try {
        if (run.holderId === this.#options.workerId) this.#takeLocal(run);
        else await this.#fetch(run);
        this.#known.delete(run.ref.taskIndex);
        this.#collected.add(run.ref.taskIndex);
        this.#options.onProgress(this.#collected.size);
        return;
      } catch (error) {
        const reason = reasonOf(error);
        if (reason === null) throw error;
        // What is missing stays missing; a flipped bit may have been flipped on the way.
        if (reason !== "missing" && tries < triesMax) {
          await this.#pause(tries);
          continue;
        }
        this.#report(run, reason);
        if (reason !== "unreachable") return;
        tries = 0;
        await this.#pause(triesMax);
      }
    }
  }

  #report(run: KnownRun, reason: UnreachableRun["reason"]): void {
    if (!this.#isWanted(run)) return;
    const { holderId, ref } = run;
    const { taskIndex: mapTaskIndex, attempt: mapAttempt } = ref;
    this.#options.onUnreachable({ holderId, mapTaskIndex, mapAttempt, reason });
  }

  #pause(tries: number): Promise<void> {
    const longestMs = retryBaseMs * 2 ** tries;
    const delayMs = longestMs * (0.5 + this.#options.random.next() / 2);
    return new Promise((resolve) => this.#options.timers.after(delayMs, resolve));
  }

  async #fetch(run: KnownRun): Promise<void> {
    const { partition, token } = this.#options;
    const received = this.#store.receive(run.ref.taskIndex, labelOf(run));
    const url = run.address + runUrlPath(run.ref, partition);
    const counted = {
      begin: (sizeBytes: number, records: number) => received.begin(sizeBytes, records),
      write: (bytes: Buffer) => {
        this.fetchedBytes += bytes.length;
        received.write(bytes);
      },
    };
    try {
      const hasBytes = await fetchRun(url, counted, { agent: this.#agent, token, silenceMs });
      if (hasBytes) received.keep();
    } catch (error) {
      received.discard();
      throw error;
    }
  }

  /** A run of this worker: small segments are read into memory, large ones used where they lie. */
  #takeLocal(run: KnownRun): void {
    const { scratchFolder, partition } = this.#options;
    const path = join(scratchFolder, scratchPaths.run(run.ref));
    const segment = readRunIndex(path)[partition];
    if (segment === undefined) {
      throw fault("MR_RUN_CORRUPT", "run has too few partitions", { partition });
    }
    if (segment.storedBytes === 0) return;
    this.#store.records += segment.records;
    const [origin, label] = [run.ref.taskIndex, labelOf(run)];
    if (segment.storedBytes <= localMemoryBytes && this.#store.fitsMemory(segment.storedBytes)) {
      this.#store.addMemory(readRange(path, segment.offset, segment.storedBytes), origin, label);
    } else {
      this.#store.addDisk({ path, segment, origin, label, isOwn: false });
    }
  }
}

/** Up to this size reading a segment at once is cheaper than keeping a file open for it. */
const localMemoryBytes = 1024 * 1024;

function readRange(path: string, offset: number, sizeBytes: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    const got = readSync(file, bytes, 0, sizeBytes, offset);
    if (got !== sizeBytes) throw fault("MR_RUN_CORRUPT", "run file is too short", { sizeBytes });
    return bytes;
  } finally {
    closeSync(file);
  }
}

function reasonOf(error: unknown): UnreachableRun["reason"] | null {
  const { code } = asFault(error);
  if (code === "MR_RUN_NOT_FOUND") return "missing";
  if (code === "MR_RUN_CORRUPT") return "corrupt";
  if (code === "MR_RUN_UNREACHABLE") return "unreachable";
  return null;
}

function labelOf(run: KnownRun): string {
  return `${run.holderId}|${run.ref.taskIndex}|${run.ref.attempt}`;
}
