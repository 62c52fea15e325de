import type { ChildProcess } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { Client } from "#shared/client/client";
import { fault } from "#shared/errors/fault";
import { tailOf, type Children } from "../harness/children.js";
import type { Surroundings } from "../peers/contender.js";

const startTimeoutMs = 30_000;
const pollMs = 20;

export interface ClusterOptions {
  /** Data folder, logs and scratch of the whole cluster. */
  readonly folder: string;
  readonly workers: number;
  readonly slots: number;
}

/** A master and its workers as processes of their own, on free loopback ports. */
export class Cluster {
  readonly #children: Children;
  readonly #processes: ChildProcess[] = [];
  readonly client: Client;

  private constructor(children: Children, master: ChildProcess, url: string) {
    this.#children = children;
    this.#processes.push(master);
    this.client = new Client({ baseUrl: url, token: null });
  }

  /** Resolves when all workers are registered. */
  static async start(surroundings: Surroundings, options: ClusterOptions): Promise<Cluster> {
    const { children } = surroundings;
    const { folder, workers, slots } = options;
    fs.mkdirSync(folder, { recursive: true });
    const start = (program: string, name: string, environment: Record<string, string>) =>
      children.start(
        {
          program: process.execPath,
          arguments: [path.join(surroundings.root, program)],
          environment: {
            ...surroundings.environment,
            MILLRACE_CONFIG: "none",
            MILLRACE_DATA: path.join(folder, "data"),
            MILLRACE_LOG_FILE: path.join(folder, `${name}.log`),
            ...environment,
          },
        },
        "pipe",
      );
    const master = start("dist/master/main.js", "master", { MILLRACE_PORT: "0" });
    const { url } = await readyLine(master, "master");
    if (url === undefined) throw fault("MR_INTERNAL", "the master did not say its address");
    const cluster = new Cluster(children, master, url);
    try {
      for (let index = 1; index <= workers; index++) {
        const name = `worker-${index}`;
        const worker = start("dist/worker/main.js", name, {
          MILLRACE_MASTER: url,
          MILLRACE_WORKER_NAME: name,
          MILLRACE_SLOTS: String(slots),
        });
        cluster.#processes.push(worker);
        await readyLine(worker, name);
      }
      await cluster.#untilRegistered(workers);
      await pause(settleMs);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Of master and workers, the master first. */
  get pids(): number[] {
    return this.#processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Workers first, so that nobody misses a master. */
  async stop(): Promise<void> {
    const [master, ...workers] = this.#processes;
    await Promise.all(workers.map((worker) => this.#children.stop(worker)));
    if (master !== undefined) await this.#children.stop(master);
  }

  async #untilRegistered(workers: number): Promise<void> {
    const deadlineMs = performance.now() + startTimeoutMs;
    for (;;) {
      const cluster = await this.client.getCluster();
      if (cluster.workers === workers) return;
      if (performance.now() > deadlineMs) {
        const seen = cluster.workers;
        throw fault("MR_TIMED_OUT", "workers did not register", { workers, seen });
      }
      await pause(pollMs);
    }
  }
}

/** A cluster is up before jobs come: its idle threads have warmed up by then. */
const settleMs = 2_000;

const readyMessage = z.object({ event: z.literal("ready"), url: z.string().optional() });
type ReadyMessage = z.infer<typeof readyMessage>;

/** The line of JSON that a process prints once it is up. */
async function readyLine(child: ChildProcess, name: string): Promise<ReadyMessage> {
  const tail = tailOf(child);
  const { stdout } = child;
  if (stdout === null) throw fault("MR_INTERNAL", "a process has no standard output", { name });
  const timer = setTimeout(() => stdout.destroy(), startTimeoutMs);
  try {
    for await (const line of readline.createInterface({ input: stdout })) {
      const message = readyMessage.safeParse(line.startsWith("{") ? JSON.parse(line) : null);
      if (message.success) return message.data;
    }
  } finally {
    clearTimeout(timer);
    // Whatever it prints later must not fill the pipe.
    stdout.resume();
  }
  throw fault("MR_INTERNAL", `a process ended before it was ready: ${tail().trim()}`, { name });
}
