import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { WebSocket } from "ws";
import { Coordinator } from "#master/coordinate/coordinator";
import { SessionServer } from "#master/coordinate/session-server";
import { Journal } from "#master/journal/journal";
import type { ScheduleConfig } from "#master/schedule/state";
import { systemClock, systemIds, systemTimers } from "#shared/clock/system";
import { silentLogger } from "#shared/log/logger";
import { MasterMetrics } from "#shared/metrics/master-metrics";
import type { AttemptRef } from "#shared/model/ids";
import type { JobSubmission } from "#shared/model/job";
import { outputPaths } from "#shared/model/keys";
import type { Part } from "#shared/model/result";
import { decodeMasterMessage, encodeMessage } from "#shared/protocol/codec";
import { protocolVersion, type MasterMessage, type WorkerMessage } from "#shared/protocol/messages";
import { LocalStorage } from "#shared/storage/local";
import { createApp } from "./app.js";

export interface MasterOptions {
  readonly token?: string;
  readonly leaseMs?: number;
  readonly retentionJobs?: number;
  readonly schedule?: Partial<ScheduleConfig>;
}

/** A whole master in this process, on a data folder that outlives it. */
export class TestMaster {
  private constructor(
    readonly url: string,
    readonly coordinator: Coordinator,
    readonly metrics: MasterMetrics,
    private readonly parts: { http: Server; sessions: SessionServer; journal: Journal },
  ) {}

  static async start(dataFolder: string, options: MasterOptions = {}): Promise<TestMaster> {
    const metrics = new MasterMetrics();
    const log = silentLogger();
    const backend = new LocalStorage("/", { durable: false });
    const journal = new Journal(join(dataFolder, "journal", "journal.sqlite"), "test");
    const token = options.token ?? null;
    const coordinator = new Coordinator({
      settings: {
        heartbeatMs: 50,
        leaseMs: options.leaseMs ?? 5_000,
        retentionJobs: options.retentionJobs ?? 100,
        compression: "auto",
        schedule: { retryBaseMs: 1, retryMaxMs: 2, ...options.schedule },
      },
      journal,
      backend,
      dataFolder,
      clock: systemClock,
      timers: systemTimers,
      log,
      metrics,
      onFatal: (error) => {
        throw error;
      },
    });
    const api = { coordinator, backend, dataFolder, token, version: "test", log, metrics };
    const http = createServer(createApp({ ...api, clock: systemClock, ids: systemIds }));
    const sessions = new SessionServer({
      token,
      timers: systemTimers,
      log,
      metrics,
      handler: coordinator,
    });
    sessions.attach(http);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    await coordinator.start();
    const { port } = http.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    return new TestMaster(url, coordinator, metrics, { http, sessions, journal });
  }

  async stop(): Promise<void> {
    const { http, sessions, journal } = this.parts;
    await this.coordinator.stop();
    sessions.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
    journal.close();
    this.metrics.close();
  }
}

export interface WorkerOptions {
  readonly workerId?: string;
  readonly processId?: string;
  readonly resume?: number | null;
  readonly jobs?: string[];
  readonly slots?: number;
  readonly attempts?: AttemptRef[];
  readonly token?: string;
  readonly version?: number;
}

type MessageOf<Type extends MasterMessage["type"]> = Extract<MasterMessage, { type: Type }>;

/** A worker whose every word a test says itself. */
export class TestWorker {
  readonly received: MasterMessage[] = [];
  readonly closed: Promise<number>;
  #waiting: (() => void)[] = [];

  private constructor(readonly socket: WebSocket) {
    socket.on("message", (data: Buffer) => {
      this.received.push(decodeMasterMessage(data.toString("utf8")));
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => socket.on("close", (code) => resolve(code)));
    void this.closed.then(() => this.#waiting.splice(0).forEach((wake) => wake()));
  }

  /** @throws the HTTP status when the master refuses the connection */
  static async connect(masterUrl: string, headers: Record<string, string> = {}) {
    const socket = new WebSocket(`${masterUrl.replace("http", "ws")}/ws/worker`, { headers });
    const worker = new TestWorker(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on("open", resolve);
      socket.on("error", reject);
      socket.on("unexpected-response", (_request, response) => {
        socket.on("error", () => {});
        reject(new Error(String(response.statusCode)));
      });
    });
    return worker;
  }

  /** Connects and registers. */
  static async join(masterUrl: string, options: WorkerOptions = {}) {
    const { token, version, ...given } = options;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const worker = await TestWorker.connect(masterUrl, headers);
    worker.send({
      type: "register",
      protocolVersion: version ?? protocolVersion,
      workerId: "w1",
      processId: "p1",
      resume: null,
      slots: 1,
      slotMemoryBytes: 1 << 29,
      runAddress: "http://127.0.0.1:9",
      version: "test",
      attempts: [],
      ...given,
    });
    return worker;
  }

  send(message: WorkerMessage): void {
    this.socket.send(encodeMessage(message));
  }

  /** Takes the first message of a type, waiting for it if need be, up to a minute. */
  async take<Type extends MasterMessage["type"]>(type: Type): Promise<MessageOf<Type>> {
    const deadline = AbortSignal.timeout(60_000);
    for (;;) {
      const at = this.received.findIndex((message) => message.type === type);
      if (at >= 0) return this.received.splice(at, 1)[0] as MessageOf<Type>;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed before ${type}`);
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        deadline.addEventListener("abort", () => reject(new Error(`no ${type} came`)));
      });
    }
  }

  done(ref: AttemptRef, part: Part | null, counters: Record<string, number> = {}): void {
    const hasRun = part === null;
    // So long that no attempt is launched before a slot is free.
    const result = { counters, hasRun, parts: part === null ? [] : [part], durationMs: 1_000 };
    this.send({ type: "attempt-done", ref, result });
  }

  /** Runs the next attempts as they are launched, each reduce writing one line. */
  async work(output: string, attemptCount: number): Promise<AttemptRef[]> {
    const done: AttemptRef[] = [];
    while (done.length < attemptCount) {
      const { ref } = await this.take("launch-attempt");
      const part = ref.stage === "map" ? null : await writePart(output, ref);
      this.done(ref, part, { [`${ref.stage}.records`]: 1 });
      await this.take("report-received");
      done.push(ref);
    }
    return done;
  }

  async close(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}

/** Writes what a reduce attempt would have written. */
export async function writePart(
  output: string,
  ref: AttemptRef,
  bytes: Uint8Array = Buffer.from(`partition ${ref.taskIndex}\n`),
): Promise<Part> {
  const location = join(output, outputPaths.pending(ref));
  await mkdir(dirname(location), { recursive: true });
  await writeFile(location, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { location, records: 1, bytes: bytes.length, sha256 };
}

export const bundle = Buffer.from("export default {};\n");
export const bundleSha256 = createHash("sha256").update(bundle).digest("hex");

/** A folder with three input files; everything below it goes in the end. */
export async function makeFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-api-"));
  await mkdir(join(folder, "in"));
  for (const name of ["a", "b", "c"]) {
    await writeFile(join(folder, "in", `${name}.txt`), `${name} one\n${name} two\n`);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export function submissionFor(folder: string, change: Partial<JobSubmission> = {}): JobSubmission {
  return {
    name: "wordcount",
    bundleSha256,
    inputs: [join(folder, "in")],
    output: join(folder, "out"),
    reader: { kind: "text" },
    writer: { kind: "tsv" },
    hasReducer: true,
    partitionCount: 2,
    ...change,
  };
}

/** Asks until the answer is as wanted, up to a minute. */
export async function until<Value>(
  ask: () => Promise<Value> | Value,
  isWanted: (value: Value) => boolean,
): Promise<Value> {
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const value = await ask();
    if (isWanted(value)) return value;
    if (performance.now() > deadlineMs) {
      throw new Error(`not as wanted in time: ${JSON.stringify(value)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
