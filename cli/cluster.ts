import { mkdirSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { systemTimers } from "#shared/clock/system";
import type { Settings } from "#shared/config/settings";
import { httpUrlOf } from "#shared/config/parsers";
import { clusterFileName, type ClusterFile } from "./connect.js";
import {
  masterReadySchema,
  startProgram,
  workerReadySchema,
  type Ending,
  type Program,
} from "./programs.js";

export interface ClusterOptions {
  readonly settings: Settings;
  readonly workerCount: number;
  /** Start a program again when it ends by itself; otherwise the first end is only told. */
  readonly restart: boolean;
  /** Write `cluster.json` into the data folder, so that commands find the master. */
  readonly announce: boolean;
  /** Told in one line what happened to a program. */
  readonly onEvent?: (line: string) => void;
}

const restartBaseMs = 500;
const restartMaxMs = 30_000;
/** After so long a run the next end is a first one again. */
const stableMs = 60_000;

type MasterReady = { readonly url: string };
type WorkerReady = { readonly workerId: string; readonly address: string };

/** A master and workers as child processes of this one. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #programs = new Map<string, Program<MasterReady | WorkerReady>>();
  readonly #startedAt = new Date();
  /** Wait before the next start of a program that keeps ending. */
  readonly #waitsMs = new Map<string, number>();
  #url = "";
  #stopping = false;

  private constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** Starts master and workers and returns when all are ready; a failure leaves none behind. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      mkdirSync(path.join(options.settings.dataFolder, "log"), { recursive: true });
      await cluster.#startMaster(options.settings.port);
      const numbers = Array.from({ length: options.workerCount }, (_, index) => index + 1);
      await Promise.all(numbers.map((number) => cluster.#startWorker(number)));
      return cluster;
    } catch (error) {
      await cluster.stop(0);
      throw error;
    }
  }

  /** `http://host:port` of the master. */
  get url(): string {
    return this.#url;
  }

  /** Folder of the logs of master and workers. */
  get logFolder(): string {
    return path.join(this.#options.settings.dataFolder, "log");
  }

  get workers(): ClusterFile["workers"] {
    return [...this.#programs].flatMap(([name, program]) =>
      "address" in program.ready
        ? [{ name, address: program.ready.address, pid: program.pid }]
        : [],
    );
  }

  get pids(): number[] {
    return [...this.#programs.values()].map((program) => program.pid);
  }

  /** Ends workers, then the master. Attempts that run are lost, and re-run after the next start. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const all = [...this.#programs];
    const workers = all.filter(([name]) => name !== "master");
    await Promise.all(workers.map(([, program]) => program.stop(graceMs)));
    await Promise.all(all.map(([, program]) => program.stop(graceMs)));
    if (this.#options.announce) rmSync(this.#clusterFile(), { force: true });
  }

  async #startMaster(port: number): Promise<void> {
    const { settings } = this.#options;
    const program = await startProgram<MasterReady>({
      program: "master",
      settings: { ...settings, port, logFile: this.#logFile("master") },
      readySchema: masterReadySchema,
      stderr: "keep",
    });
    this.#url = program.ready.url;
    // The same port again after a restart: workers and commands know it.
    const portNow = Number(new URL(this.#url).port);
    await this.#add("master", program, () => this.#startMaster(portNow));
  }

  async #startWorker(number: number): Promise<void> {
    const { settings } = this.#options;
    const name = `worker-${number}`;
    const program = await startProgram<WorkerReady>({
      program: "worker",
      settings: {
        ...settings,
        masterUrl: this.#url.replace(/^http/, "ws"),
        workerName: name,
        workerPort: 0,
        scratchFolder: path.join(settings.dataFolder, "workers", name),
        logFile: this.#logFile(name),
      },
      readySchema: workerReadySchema,
      stderr: "keep",
    });
    await this.#add(name, program, () => this.#startWorker(number));
  }

  async #add(
    name: string,
    program: Program<MasterReady | WorkerReady>,
    startAgain: () => Promise<void>,
  ): Promise<void> {
    if (this.#stopping) return program.stop(0);
    this.#programs.set(name, program);
    const startedAtMs = performance.now();
    void program.ended.then((ending) => {
      this.#programs.delete(name);
      if (performance.now() - startedAtMs > stableMs) this.#waitsMs.delete(name);
      this.#onEnd(name, ending, startAgain);
    });
    await this.#writeClusterFile();
  }

  #onEnd(name: string, ending: Ending, startAgain: () => Promise<void>): void {
    if (this.#stopping) return;
    const { restart, onEvent } = this.#options;
    const waitMs = this.#waitsMs.get(name) ?? restartBaseMs;
    this.#waitsMs.set(name, Math.min(restartMaxMs, waitMs * 2));
    const how = ending.signal ?? `exit code ${ending.exitCode}`;
    onEvent?.(`${name} ended (${how})${restart ? `; starting it again in ${waitMs} ms` : ""}`);
    if (!restart) return;
    systemTimers.after(waitMs, () => {
      if (this.#stopping) return;
      startAgain().then(
        () => onEvent?.(`${name} runs again`),
        () => this.#onEnd(name, ending, startAgain),
      );
    });
  }

  #logFile(name: string): string {
    return this.#options.settings.logFile ?? path.join(this.logFolder, `${name}.log`);
  }

  #clusterFile(): string {
    return path.join(this.#options.settings.dataFolder, clusterFileName);
  }

  /** Renamed into place, so that a reader never sees half of it. */
  async #writeClusterFile(): Promise<void> {
    if (!this.#options.announce) return;
    const content: ClusterFile = {
      master: httpUrlOf(this.#url),
      pid: process.pid,
      startedAt: this.#startedAt.toISOString(),
      workers: this.workers,
    };
    const draft = `${this.#clusterFile()}.${performance.now()}`;
    await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`);
    await rename(draft, this.#clusterFile());
  }
}
