import { Agent } from "node:http";
import { closeSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Random, Timer, Timers } from "#shared/clock/clock";
import { asFault, fault } from "#shared/errors/fault";
import type { AttemptRef, JobId, WorkerId } from "#shared/model/ids";
import { runUrlPath, scratchPaths } from "#shared/model/keys";
import type { RunSet } from "#shared/model/result";
import type { Segment } from "#shared/format/run-index";
import type { Merger } from "#worker/runs/merge";
import { openRun, readRunIndex } from "#worker/runs/run-file";
import { fetchRun, type SegmentSink } from "./fetch-run.js";
import { isSameMachine, locateRun, type RunLocation } from "./locate-run.js";
import { SegmentStore } from "./segment-store.js";
import { SegmentVerifier } from "./segment-verifier.js";

export interface CollectorOptions {
  readonly jobId: JobId;
  readonly partition: number;
  readonly mapTaskCount: number;
  readonly workerId: WorkerId;
  readonly scratchFolder: string;
  /** For fetched segments; made when needed, removed by the caller. */
  readonly folder: string;
  readonly memoryBytes: number;
  readonly token: string | null;
  readonly timers: Timers;
  readonly random: Random;
  /** A holder that sends nothing for so long is given up; 15 s unless told. */
  readonly silenceMs?: number;
  /** Whether runs of other workers on this machine are read where they lie; yes unless told. */
  readonly readsInPlace?: boolean;
  readonly onUnreachable: (report: UnreachableRun) => void;
  readonly onProgress: (collected: number) => void;
}

export interface UnreachableRun {
  readonly holderId: WorkerId;
  readonly mapTaskIndex: number;
  readonly mapAttempt: number;
  readonly reason: FailureReason;
}

type FailureReason = "missing" | "corrupt" | "unreachable";

interface KnownRun {
  readonly ref: AttemptRef;
  readonly holderId: WorkerId;
  readonly address: string;
  /** Ends the fetch that is under way when the run is withdrawn or replaced. */
  abort: AbortController | null;
  tries: number;
}

/** Several requests at once hide the latency of many small segments; more only cost memory. */
const fetchesMax = 4;
/** A run is reported each time so many tries have failed. */
const triesMax = 4;
const retryBaseMs = 100;
const silenceMsDefault = 15_000;
/** A holder that does not say so soon where a run lies is asked for the run itself. */
const locateMs = 2_000;

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
  readonly #pauses = new Set<Timer>();
  #active = 0;
  #isOver = false;
  readonly #done: Promise<void>;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null =
    null;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#store = new SegmentStore(options.folder, options.memoryBytes);
    this.#done = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // `collect` hands the error on; until then nobody listens.
    this.#done.catch(() => undefined);
    if (options.mapTaskCount === 0) this.#end();
  }

  /** Up to this size a file's segment is read at once. */
  get #smallBytes(): number {
    return Math.min(localMemoryBytes, this.#options.memoryBytes / 4);
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
        known?.abort?.abort();
        const ref: AttemptRef = { jobId, stage: "map", taskIndex, attempt };
        const run: KnownRun = { ref, holderId: workerId, address, abort: null, tries: 0 };
        this.#known.set(taskIndex, run);
        this.#queue.push(run);
      }
    }
    this.#pump();
  }

  /** The run is gone: whatever waits for it waits for the next announcement instead. */
  drop(mapTaskIndex: number, mapAttempt: number): void {
    const known = this.#known.get(mapTaskIndex);
    if (known?.ref.attempt !== mapAttempt) return;
    this.#known.delete(mapTaskIndex);
    known.abort?.abort();
  }

  /** Resolves with all records of the partition in order, once every map task's run is here. */
  async collect(): Promise<Merger> {
    await this.#done;
    return this.#store.merge();
  }

  /** Stops collecting; harmless when everything is here. */
  close(): void {
    this.#end(fault("MR_ATTEMPT_FENCED", "collecting was given up"));
  }

  /** Starts as many fetches as there is room for. */
  #pump(): void {
    while (this.#active < fetchesMax && !this.#isOver) {
      const run = this.#queue.shift();
      if (run === undefined) return;
      if (!this.#isWanted(run)) continue;
      this.#active++;
      void this.#obtain(run).then(
        () => {
          this.#active--;
          if (this.#collected.size === this.#options.mapTaskCount) this.#end();
          else this.#pump();
        },
        (error: unknown) => this.#end(error),
      );
    }
  }

  /** Nothing more is fetched: all is here, or an error of this machine ends the attempt. */
  #end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const pause of this.#pauses) pause.cancel();
    for (const run of this.#known.values()) run.abort?.abort();
    this.#known.clear();
    this.#agent.destroy();
    if (error === undefined) this.#settle?.resolve();
    else this.#settle?.reject(error);
  }

  /** Whether the run is still what its map task is to be collected from. */
  #isWanted(run: KnownRun): boolean {
    return this.#known.get(run.ref.taskIndex) === run;
  }

  /** Tries once to get a run; a failure is tried again later. Only errors of this machine reject. */
  async #obtain(run: KnownRun): Promise<void> {
    const isLocal = run.holderId === this.#options.workerId;
    const failure = isLocal ? this.#takeLocal(run) : await this.#takeRemote(run);
    if (!this.#isWanted(run)) return;
    if (failure === null) {
      this.#known.delete(run.ref.taskIndex);
      this.#collected.add(run.ref.taskIndex);
      this.#options.onProgress(this.#collected.size);
      return;
    }
    run.tries++;
    const isReported = failure === "missing" || run.tries % triesMax === 0;
    if (isReported) this.#report(run, failure);
    // What is missing stays missing; a flipped bit may have been flipped on the way, but not always.
    if (failure !== "unreachable" && isReported) return;
    this.#tryLater(run);
  }

  #report({ holderId, ref }: KnownRun, reason: FailureReason): void {
    const { taskIndex: mapTaskIndex, attempt: mapAttempt } = ref;
    this.#options.onUnreachable({ holderId, mapTaskIndex, mapAttempt, reason });
  }

  /** Until then, other runs may use the connections: a worker that is gone must not hold them all. */
  #tryLater(run: KnownRun): void {
    const longestMs = retryBaseMs * 2 ** Math.min(run.tries, triesMax);
    const delayMs = longestMs * (0.5 + this.#options.random.next() / 2);
    const pause = this.#options.timers.after(delayMs, () => {
      this.#pauses.delete(pause);
      this.#queue.push(run);
      this.#pump();
    });
    this.#pauses.add(pause);
  }

  /** @returns why the run could not be had, null when it is here or not wanted any more */
  async #fetch(run: KnownRun): Promise<FailureReason | null> {
    const { partition, token, silenceMs = silenceMsDefault } = this.#options;
    const received = this.#store.receive(run.ref.taskIndex, labelOf(run));
    // While the store is at work, an error is about the disk here, or about what is here already.
    let isStoring = false;
    const sink: SegmentSink = {
      begin: (sizeBytes, records) => {
        isStoring = true;
        received.begin(sizeBytes, records);
        isStoring = false;
      },
      write: (bytes) => {
        isStoring = true;
        this.fetchedBytes += bytes.length;
        received.write(bytes);
        isStoring = false;
      },
    };
    run.abort = new AbortController();
    const { signal } = run.abort;
    try {
      const url = run.address + runUrlPath(run.ref, partition);
      await fetchRun(url, sink, { agent: this.#agent, token, silenceMs, signal });
    } catch (error) {
      received.discard();
      const reason = isStoring ? null : reasonOf(error);
      if (reason === null) throw error;
      return reason;
    }
    if (this.#isWanted(run)) received.keep();
    else received.discard();
    return null;
  }

  /** A run of another worker: read where it lies when that is on this machine, else fetched. */
  async #takeRemote(run: KnownRun): Promise<FailureReason | null> {
    const { partition, token, readsInPlace = true } = this.#options;
    if (readsInPlace && isSameMachine(run.address)) {
      const url = run.address + runUrlPath(run.ref, partition);
      const location = await locateRun(url, { agent: this.#agent, token, timeoutMs: locateMs });
      if (!this.#isWanted(run) || (location !== null && this.#takeLocated(run, location)))
        return null;
    }
    return this.#fetch(run);
  }

  /** @returns false when the file cannot be read here, whatever the reason */
  #takeLocated(run: KnownRun, { path, segment }: RunLocation): boolean {
    const [origin, label] = [run.ref.taskIndex, labelOf(run)];
    try {
      const isSmall = segment.storedBytes <= this.#smallBytes;
      const bytes = isSmall ? readVerified(path, segment) : null;
      if (bytes !== null && this.#store.reserve(bytes.length)) {
        this.#store.addMemory(bytes, origin, label);
      } else {
        this.#store.addDisk({ path, segment, origin, label, isOwn: false, file: openRun(path) });
      }
    } catch {
      return false;
    }
    this.#store.records += segment.records;
    return true;
  }

  /** A run of this worker: small segments are read into memory, large ones used where they lie. */
  #takeLocal(run: KnownRun): FailureReason | null {
    const { scratchFolder, partition } = this.#options;
    const path = join(scratchFolder, scratchPaths.run(run.ref));
    let segment: Segment;
    let bytes: Buffer | null = null;
    try {
      segment = segmentOf(path, partition);
      if (segment.storedBytes === 0) return null;
      if (segment.storedBytes <= this.#smallBytes) bytes = readVerified(path, segment);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === null) throw error;
      return reason;
    }
    this.#store.records += segment.records;
    const [origin, label] = [run.ref.taskIndex, labelOf(run)];
    if (bytes !== null && this.#store.reserve(bytes.length)) {
      this.#store.addMemory(bytes, origin, label);
    } else {
      this.#store.addDisk({ path, segment, origin, label, isOwn: false });
    }
    return null;
  }
}

/** Up to this size reading a segment at once is cheaper than keeping a file open for it. */
const localMemoryBytes = 1024 * 1024;

function segmentOf(path: string, partition: number): Segment {
  const segment = readRunIndex(path)[partition];
  if (segment !== undefined) return segment;
  throw fault("MR_RUN_CORRUPT", "run has too few partitions", { partition });
}

function readVerified(path: string, { offset, storedBytes }: Segment): Buffer {
  const file = openRun(path);
  try {
    const bytes = Buffer.allocUnsafeSlow(storedBytes);
    const got = readSync(file, bytes, 0, storedBytes, offset);
    if (got !== storedBytes) throw fault("MR_RUN_CORRUPT", "run file is too short", { got });
    const verifier = new SegmentVerifier();
    verifier.take(bytes);
    verifier.end();
    return bytes;
  } finally {
    closeSync(file);
  }
}

function reasonOf(error: unknown): FailureReason | null {
  const { code } = asFault(error);
  if (code === "MR_RUN_NOT_FOUND") return "missing";
  if (code === "MR_RUN_CORRUPT") return "corrupt";
  if (code === "MR_RUN_UNREACHABLE") return "unreachable";
  return null;
}

function labelOf(run: KnownRun): string {
  return `${run.holderId}|${run.ref.taskIndex}|${run.ref.attempt}`;
}
