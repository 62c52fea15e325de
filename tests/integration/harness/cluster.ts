import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client } from "#shared/client/client";
import { isFinal, type JobSubmission } from "#shared/model/job";
import { loadJobFile, type LoadedJob } from "#cli/job-file";
import { buildSubmission, type SubmitChoices } from "#cli/submission";
import { Gates } from "./gates.js";
import { Program, type Environment } from "./program.js";
import { SubmittedJob } from "./submitted-job.js";
import { until } from "./waiting.js";

export interface ClusterOptions {
  /** Workers `w1`, `w2`… to start with. */
  readonly workers?: number;
  /** Slots of each. */
  readonly slots?: number;
  /** Of master and workers. */
  readonly environment?: Environment;
}

export interface JobOptions extends Partial<SubmitChoices> {
  readonly lossesMax?: number;
  /** The job's `folder` parameter: where it leaves its marks and waits at gates. */
  readonly gates?: Gates;
}

/**
 * What waits for people elsewhere is over at once here; leases stay long unless a test ends one. A worker
 * leaves a master that is silent for three heartbeats, and may lose an attempt by that: a second is long
 * enough for a busy machine.
 */
const standard: Environment = {
  MILLRACE_HEARTBEAT_MS: "1000",
  MILLRACE_WARM_UP: "false",
  MILLRACE_LEASE_MS: "15000",
  MILLRACE_RETRY_BASE_MS: "20",
  MILLRACE_RETRY_MAX_MS: "100",
  MILLRACE_LOG_LEVEL: "info",
};

/** For tests that lose workers: long enough for a busy machine, short enough to wait for. */
export const shortLease: Environment = {
  MILLRACE_HEARTBEAT_MS: "400",
  MILLRACE_LEASE_MS: "1500",
};

const jobsFolder = path.join(import.meta.dirname, "..", "jobs");
const loaded = new Map<string, Promise<LoadedJob>>();

/** Absolute path of a job of the tests. */
export function jobPath(name: string): string {
  return path.join(jobsFolder, `${name}.ts`);
}

/** A master and workers as processes of their own on loopback, in one temporary folder. */
export class Cluster {
  /** Inputs, outputs, data and logs lie below it. */
  readonly folder = mkdtempSync(path.join(os.tmpdir(), "millrace-integration-"));
  readonly #environment: Environment;
  readonly #slots: number;
  readonly #workers = new Map<string, Program>();
  readonly #supervised = new Set<string>();
  #master: Program | null = null;
  #port = "0";
  #number = 0;
  #isStopping = false;

  private constructor(options: ClusterOptions) {
    this.#environment = { ...standard, ...options.environment };
    this.#slots = options.slots ?? 1;
    mkdirSync(path.join(this.folder, "log"));
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      await cluster.startMaster();
      const names = Array.from({ length: options.workers ?? 2 }, (_, index) => `w${index + 1}`);
      await Promise.all(names.map((name) => cluster.startWorker(name)));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get master(): Program {
    if (this.#master === null) throw new Error("no master was started");
    return this.#master;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get client(): Client {
    return new Client({ baseUrl: this.url, token: null });
  }

  get dataFolder(): string {
    return path.join(this.folder, "data");
  }

  /** Again on the same folder and port after it was killed. */
  async startMaster(): Promise<void> {
    this.#master = await this.#start("master", "master", { MILLRACE_PORT: this.#port });
    this.#port = new URL(this.#master.ready.url ?? "").port;
  }

  /** A worker of that name in the scratch folder that belongs to it. */
  async startWorker(
    name: string,
    environment: Environment = {},
    through: readonly string[] = [],
  ): Promise<Program> {
    const own = {
      MILLRACE_MASTER: this.url,
      MILLRACE_WORKER_NAME: name,
      MILLRACE_SLOTS: String(this.#slots),
      ...environment,
    };
    const worker = await this.#start("worker", name, own, through);
    this.#workers.set(name, worker);
    void worker.exited.then(async () => {
      if (!this.#supervised.has(name) || this.#isStopping) return;
      // Told by what waits for the cluster when it cannot start.
      await this.startWorker(name, environment).catch(() => undefined);
    });
    return worker;
  }

  /** From now on these workers are started again whenever they end. */
  supervise(...names: readonly string[]): void {
    for (const name of names) this.#supervised.add(name);
  }

  worker(name: string): Program {
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`no worker ${name} was started`);
    return worker;
  }

  /** What a program logged so far; `master`, or the name of a worker. */
  log(name: string): string {
    return readFileSync(path.join(this.folder, "log", `${name}.log`), "utf8");
  }

  /** Folder of a worker's runs. */
  scratchFolder(name: string): string {
    return path.join(this.dataFolder, "workers", name);
  }

  gates(): Gates {
    const folder = this.path("gates");
    mkdirSync(folder);
    return new Gates(folder);
  }

  /** A new name in the cluster's folder. */
  path(name: string): string {
    this.#number += 1;
    return path.join(this.folder, `${this.#number}-${name}`);
  }

  /** Submits by the code of the command line. @param job name of a file in `jobs/` */
  async submit(job: string, options: JobOptions): Promise<SubmittedJob> {
    const submission = await this.prepare(job, options);
    const { client } = this;
    const view = await client.submitJob(submission);
    return new SubmittedJob(() => this.client, view.id, view.output);
  }

  /** What `submit` would send, its bundle uploaded. */
  async prepare(job: string, options: JobOptions): Promise<JobSubmission> {
    const { lossesMax, gates, ...choices } = options;
    const file = jobPath(job);
    const loading = loaded.get(file) ?? loadJobFile(file);
    loaded.set(file, loading);
    const { bundle, definition } = await loading;
    const folder = gates === undefined ? {} : { folder: gates.folder };
    const submission = buildSubmission(
      { file, bundle, definition },
      {
        inputs: [],
        output: this.path("out"),
        ...choices,
        params: { ...folder, ...choices.params },
      },
      this.folder,
    );
    await this.client.putBundle(bundle.sha256, bundle.bytes);
    return lossesMax === undefined ? submission : { ...submission, lossesMax };
  }

  /** Sum over all labels of one of the master's metrics. */
  async metric(name: string): Promise<number> {
    const lines = (await this.client.getMetrics()).split("\n");
    return lines
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** Between tests: cancels what a failed one left, and waits until no slot is taken. */
  async settle(): Promise<void> {
    const { client } = this;
    const { items } = await client.listJobs({ limit: 1000 });
    const left = items.filter(({ status }) => !isFinal(status));
    await Promise.all(left.map(({ id }) => client.cancelJob(id)));
    await until("no slot taken", async () => (await client.getCluster()).slots.used === 0);
  }

  /** Ends every process and removes the folder. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const programs = [...this.#workers.values(), ...(this.#master === null ? [] : [this.#master])];
    // A stopped process is not ended by SIGTERM; there is nothing here that must end in peace.
    await Promise.all(programs.map((program) => program.kill("SIGKILL")));
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, maxRetries: 3 });
  }

  async #start(
    program: "master" | "worker",
    name: string,
    environment: Environment,
    through: readonly string[] = [],
  ): Promise<Program> {
    const started = await Program.start(
      program,
      { MILLRACE_DATA: this.dataFolder, ...this.#environment, ...environment },
      path.join(this.folder, "log", `${name}.log`),
      through,
    );
    if (this.#isStopping) await started.kill();
    return started;
  }
}
