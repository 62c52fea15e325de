import { jobSpecSchema } from "#shared/model/job";
import type { AttemptRef } from "#shared/model/ids";
import type { Command } from "#master/schedule/commands";
import type { Event } from "#master/schedule/events";
import { deserialise, serialise } from "#master/schedule/serialise";
import { createState, type State } from "#master/schedule/state";
import { readParts, writeParts } from "#master/schedule/state-parts";
import { step } from "#master/schedule/step";

export interface ScaleOptions {
  readonly workers: number;
  readonly slots: number;
  readonly maps: number;
  readonly reduces: number;
  /** What attempts say that they took: up to 50 ms they are bound ahead. */
  readonly durationMs: number;
}

export interface ScaleResult {
  readonly events: number;
  readonly commands: number;
  readonly stepMs: number;
  /** The longest that one event took. */
  readonly worstMs: number;
  readonly worstEvent: string;
  /** Pairs of map and attempt in all launches of reduces and announcements. */
  readonly runPairs: number;
  /** Of the state while the last maps run, as far as the heap shows. */
  readonly heapBytes: number;
  readonly checkpointBytes: number;
  readonly serialiseMs: number;
  readonly deserialiseMs: number;
}

const firstJobId = "scale-20260101-000000-aaaa";

/** Plays one large job without faults: whatever is launched is done, in the order of launch. */
export function runScale(options: ScaleOptions, collectGarbage: () => void): ScaleResult {
  const run = new ScaleRun(options);
  const emptyBytes = heapBytes(collectGarbage);
  run.start();
  run.finishUntil(({ maps }) => maps.counts.done + options.workers >= options.maps);
  const loaded = heapBytes(collectGarbage) - emptyBytes;
  const saved = savedOf(run.state);
  run.finishUntil(() => false);
  run.expectStatus("committing");
  return { ...run.figures, ...saved, heapBytes: loaded };
}

export interface EndedResult {
  /** Of the state with all jobs ended, as far as the heap shows. */
  readonly heapBytes: number;
  readonly checkpointBytes: number;
}

/** What so many jobs leave behind that succeeded one after the other. */
export function runEnded(
  jobs: number,
  options: ScaleOptions,
  collectGarbage: () => void,
): EndedResult {
  const run = new ScaleRun(options);
  run.enter();
  const emptyBytes = heapBytes(collectGarbage);
  for (let index = 0; index < jobs; index++) {
    run.submit(`scale-20260101-000000-${String(index).padStart(4, "0")}`);
    run.finishUntil(() => false);
    run.commit();
  }
  const loaded = heapBytes(collectGarbage) - emptyBytes;
  return { heapBytes: loaded, checkpointBytes: savedOf(run.state).checkpointBytes };
}

class ScaleRun {
  readonly state = createState();
  readonly figures = {
    events: 0,
    commands: 0,
    stepMs: 0,
    worstMs: 0,
    worstEvent: "",
    runPairs: 0,
  };
  readonly #options: ScaleOptions;
  #launched: { ref: AttemptRef; workerId: string; incarnation: number }[] = [];
  #at = 0;
  #jobId = firstJobId;

  constructor(options: ScaleOptions) {
    this.#options = options;
  }

  start(): void {
    this.enter();
    this.submit(firstJobId);
  }

  expectStatus(expected: string): void {
    const status = this.state.jobs.get(this.#jobId)?.status;
    if (status !== expected) throw new Error(`the job is ${status}, not ${expected}`);
  }

  commit(): void {
    const summary = { output: "/out", partCount: this.#options.reduces, records: 0, bytes: 0 };
    this.#feed({ type: "commit-done", jobId: this.#jobId, summary });
    this.expectStatus("succeeded");
  }

  enter(): void {
    const { workers, slots } = this.#options;
    for (let index = 0; index < workers; index++) {
      const runAddress = `http://10.0.${index >> 8}.${index & 255}:9000`;
      const names = { workerId: `w${index}`, processId: `p${index}`, runAddress, version: "1" };
      const rest = { resume: null, slots, slotMemoryBytes: 1, attempts: [] };
      this.#feed({ type: "worker-registered", ...names, ...rest });
    }
  }

  submit(jobId: string): void {
    const { maps, reduces } = this.#options;
    this.#jobId = jobId;
    const spec = jobSpecSchema.parse({
      name: "scale",
      bundleSha256: "0".repeat(64),
      inputs: ["/in"],
      reader: { kind: "text" },
      writer: { kind: "tsv" },
      hasReducer: reduces > 0,
    });
    this.#feed({ type: "job-submitted", jobId, spec, output: "/out" });
    const splits = Array.from({ length: maps }, (_, at) => ({
      ranges: [{ location: "/in", startByte: at, endByte: at + 1, fileBytes: maps, version: "1" }],
    }));
    const plan = { splits, partitionCount: reduces, inputBytes: maps, fileCount: 1, reasons: [] };
    this.#feed({ type: "job-planned", jobId, plan });
  }

  /** Reports one launch after the other. */
  finishUntil(isEnough: (job: { maps: { counts: { done: number } } }) => boolean): void {
    const { durationMs } = this.#options;
    const job = this.state.jobs.get(this.#jobId);
    if (job === undefined) return;
    while (this.#at < this.#launched.length && !isEnough(job)) {
      const next = this.#launched[this.#at++];
      if (next === undefined) return;
      if (this.#at > 100_000) {
        this.#launched = this.#launched.slice(this.#at);
        this.#at = 0;
      }
      const { ref } = next;
      const hasRun = ref.stage === "map" && this.#options.reduces > 0;
      const part = { location: `/out/${ref.taskIndex}`, records: 1, bytes: 1, sha256: "0" };
      const counters = { "map.records.in": 1, "map.records.out": 1, "map.run.bytes": 56 };
      const result = { counters, hasRun, parts: hasRun ? [] : [part], durationMs };
      this.#feed({ type: "attempt-done", ...next, result });
    }
  }

  #feed(event: Event): void {
    const startMs = performance.now();
    const commands = step(this.state, event, this.figures.events);
    const tookMs = performance.now() - startMs;
    const { figures } = this;
    figures.events++;
    figures.commands += commands.length;
    figures.stepMs += tookMs;
    if (tookMs > figures.worstMs) {
      figures.worstMs = tookMs;
      figures.worstEvent = event.type;
    }
    for (const command of commands) this.#take(command);
  }

  #take(command: Command): void {
    if (command.type === "launch-reduce" || command.type === "announce-runs") {
      for (const { maps } of command.runs) this.figures.runPairs += maps.length / 2;
    }
    if (command.type !== "launch-map" && command.type !== "launch-reduce") return;
    const { ref, workerId, incarnation } = command;
    this.#launched.push({ ref, workerId, incarnation });
  }
}

function savedOf(
  state: State,
): Pick<ScaleResult, "checkpointBytes" | "serialiseMs" | "deserialiseMs"> {
  const startMs = performance.now();
  const texts = writeParts(serialise(state)).map((write) => write());
  const serialiseMs = performance.now() - startMs;
  const againMs = performance.now();
  deserialise(readParts(texts));
  const deserialiseMs = performance.now() - againMs;
  const checkpointBytes = texts.reduce((sum, text) => sum + text.length, 0);
  return { checkpointBytes, serialiseMs, deserialiseMs };
}

function heapBytes(collectGarbage: () => void): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
