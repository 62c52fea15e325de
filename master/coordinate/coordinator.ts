import type { Journal } from "#master/journal/journal";
import type { Submission } from "#master/journal/submissions";
import type { Planned } from "#master/plan/plan-job";
import type { Event } from "#master/schedule/events";
import type { ScheduleConfig, State } from "#master/schedule/state";
import type { Clock, Timer, Timers } from "#shared/clock/clock";
import { isLoopback } from "#shared/config/parsers";
import type { Manifest } from "#shared/format/manifest";
import type { Logger } from "#shared/log/logger";
import type { MasterMetrics } from "#shared/metrics/master-metrics";
import { attemptName } from "#shared/model/ids";
import type { JobSpec } from "#shared/model/job";
import type { RegisterMessage, WorkerMessage } from "#shared/protocol/messages";
import type { StorageBackend } from "#shared/storage/backend";
import { parseLocation } from "#shared/storage/locations";
import { ClusterCounts } from "./cluster-counts.js";
import type { Connection, Identity } from "./connection.js";
import { EventLoop, type Offered } from "./event-loop.js";
import { JobEffects } from "./job-effects.js";
import { Leases } from "./leases.js";
import { Performer } from "./performer.js";
import { ProgressBoard } from "./progress.js";
import { forgettable } from "./retention.js";
import type { SessionHandler } from "./session-server.js";
import { Sessions } from "./sessions.js";

/** A worker that says so much before it was welcomed is not one of ours. */
const earlyMessagesMax = 1_000;

export interface CoordinatorSettings {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly retentionJobs: number;
  readonly compression: "auto" | "none" | "lz4";
  readonly schedule: Partial<ScheduleConfig>;
}

export interface CoordinatorParts {
  readonly settings: CoordinatorSettings;
  readonly journal: Journal;
  /** Rooted at `/`. */
  readonly backend: StorageBackend;
  /** Absolute path. */
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly metrics: MasterMetrics;
  /** Called once when the process must stop, because its state can no longer be trusted. */
  readonly onFatal: (error: unknown) => void;
}

/** Joins journal, state machine, worker sessions and storage effects. */
export class Coordinator implements SessionHandler {
  readonly progress = new ProgressBoard();
  readonly leases: Leases;
  readonly #parts: CoordinatorParts;
  readonly #loop: EventLoop;
  readonly #sessions = new Sessions();
  readonly #effects: JobEffects;
  readonly #performer: Performer;
  readonly #counts = new ClusterCounts();
  #tickers: Timer[] = [];
  #isRetentionDue = false;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
    const { settings, journal, clock, timers, log, metrics, backend, onFatal } = parts;
    this.leases = new Leases(clock, settings.leaseMs);
    const state = () => this.state;
    const offer = (event: Event) => this.#loop.offer(event);
    this.#effects = new JobEffects({
      backend,
      dataKey: parseLocation(parts.dataFolder).key,
      clock,
      timers,
      log,
      state,
      offer,
    });
    this.#performer = new Performer({
      heartbeatMs: settings.heartbeatMs,
      leaseMs: settings.leaseMs,
      timers,
      log,
      sessions: this.#sessions,
      leases: this.leases,
      effects: this.#effects,
      state,
      compression: () => this.#compression(),
      offer,
      onWelcome: (connection) => this.#hearEarly(connection),
      onFenced: () => metrics.reportsFenced.inc(),
      onJobEnded: ({ jobId, status }) => {
        this.progress.dropJob(jobId);
        this.#isRetentionDue = true;
        log.info({ jobId, status }, "job ended");
      },
    });
    this.#loop = new EventLoop({
      journal,
      schedule: settings.schedule,
      clock,
      timers,
      log,
      metrics,
      before: (offered) => this.#before(offered),
      perform: (commands, offered, atMs) => {
        for (const command of commands) this.#performer.perform(command, offered.connection, atMs);
        this.#after(offered);
      },
      onFatal,
    });
    metrics.readFrom(() => this.#counts.of(this.state));
  }

  /** To be read only. */
  get state(): State {
    return this.#loop.state;
  }

  /** Whether the journal was replayed, and events are taken. */
  get isReady(): boolean {
    return this.#loop.isOpen;
  }

  /** Replays the journal and starts working. @throws MR_JOURNAL_CORRUPT */
  async start(): Promise<void> {
    const { clock, timers, log, settings } = this.#parts;
    const startMs = clock.monotonicMs();
    const { eventCount } = await this.#loop.recover();
    const durationMs = Math.round(clock.monotonicMs() - startMs);
    log.info({ eventCount, jobCount: this.state.jobs.size, durationMs }, "journal replayed");
    for (const { workerId, incarnation, state } of this.state.workers.values()) {
      if (state !== "lost") this.leases.start(workerId, incarnation);
    }
    this.#loop.offer({ type: "coordinator-started" });
    this.#tickers = [
      timers.every(this.leases.checkPeriodMs, () => this.#endLeases()),
      timers.every(settings.heartbeatMs, () => {
        for (const connection of this.#sessions.all()) connection.ping();
      }),
    ];
  }

  /** Takes nothing more, and saves what there is. */
  async stop(): Promise<void> {
    for (const ticker of this.#tickers) ticker.cancel();
    this.#performer.close();
    for (const connection of this.#sessions.all()) connection.close("stopping");
    this.#loop.close();
    await this.#effects.stop();
  }

  /** @returns when the event is durable and applied @throws MR_NOT_READY, MR_DISK_FULL */
  submit(event: Event, submission?: Submission): Promise<void> {
    return this.#loop.submit(event, submission);
  }

  findSubmission(key: string): Submission | null {
    return this.#parts.journal.submissions.find(key);
  }

  /** What a spec would become with the slots of now; nothing is kept. */
  plan(spec: JobSpec): Promise<Planned> {
    return this.#effects.plan(spec);
  }

  /** Whether a job without `overwrite` must not write there. */
  outputExists(output: string): Promise<boolean> {
    return this.#effects.outputExists(output);
  }

  /** What lies in an output folder; null without a manifest. @throws MR_OUTPUT_CORRUPT */
  manifestOf(output: string): Promise<Manifest | null> {
    return this.#effects.manifestOf(output);
  }

  // ---- SessionHandler ----

  onSign(connection: Connection): void {
    const { identity, registration } = connection;
    if (identity === null || registration === null || !this.#sessions.isPresent(connection)) return;
    this.leases.renew(identity.workerId, identity.incarnation);
  }

  onRegister(connection: Connection, message: RegisterMessage): void {
    const { type: _type, protocolVersion: _version, jobs, ...worker } = message;
    connection.heldJobs = jobs ?? null;
    this.#loop.offer({ type: "worker-registered", ...worker }, connection);
  }

  onMessage(connection: Connection, message: WorkerMessage): void {
    const { identity } = connection;
    if (identity === null) {
      connection.early.push(message);
      if (connection.early.length > earlyMessagesMax) connection.close("violation");
      return;
    }
    // Its worker has a newer connection or is lost; what counts is said again over the new one.
    if (!this.#sessions.isPresent(connection)) return;
    this.#hear(identity, message);
  }

  onClose(connection: Connection): void {
    const { identity, registration } = connection;
    if (identity === null || registration === null || !this.#sessions.isPresent(connection)) return;
    this.#sessions.remove(connection);
    this.#loop.offer({ type: "worker-disconnected", ...identity, registration });
    this.#parts.log.info({ workerId: identity.workerId }, "worker disconnected");
  }

  #hearEarly(connection: Connection): void {
    const early = connection.early.splice(0);
    for (const message of early) this.onMessage(connection, message);
    // It may have broken before anyone knew whose it was.
    if (!connection.isOpen) this.onClose(connection);
  }

  #hear(from: Identity, message: WorkerMessage): void {
    switch (message.type) {
      case "heartbeat":
        return this.progress.report(from.workerId, message.rssBytes, message.attempts);
      case "attempt-done":
      case "attempt-failed":
        this.progress.dropAttempt(from.workerId, message.ref);
        return this.#loop.offer({ ...message, ...from });
      case "attempt-returned":
      case "run-unreachable":
        return this.#loop.offer({ ...message, ...from });
      case "draining":
        return this.#loop.offer({ type: "worker-draining", ...from });
      case "leaving":
        return this.#lose(from, "it left");
      case "register":
        return;
    }
  }

  #endLeases(): void {
    for (const { workerId, incarnation, silentMs } of this.leases.expired()) {
      const reason = `silent for ${Math.round(silentMs)} ms`;
      this.#lose({ workerId, incarnation }, reason);
    }
  }

  #lose(identity: Identity, reason: string): void {
    const { workerId, incarnation } = identity;
    this.leases.end(workerId, incarnation);
    this.progress.dropWorker(workerId);
    this.#parts.metrics.workersLost.inc();
    this.#parts.log.warn({ workerId, incarnation, reason }, "worker lost");
    this.#loop.offer({ type: "worker-lost", workerId, incarnation, reason });
    this.#sessions.end(workerId, incarnation);
  }

  #before({ event }: Offered): void {
    if (event.type !== "job-forgotten") return;
    const job = this.state.jobs.get(event.jobId);
    if (job !== undefined) this.#counts.forget(job);
  }

  #after({ event }: Offered): void {
    if (event.type === "attempt-failed") {
      const { ref, failure, workerId } = event;
      const { code, message, blame } = failure;
      const attempt = attemptName(ref);
      const fields = { jobId: ref.jobId, attempt, workerId, code, blame, reason: message };
      this.#parts.log.warn(fields, "attempt failed");
    }
    if (!this.#isRetentionDue) return;
    this.#isRetentionDue = false;
    for (const jobId of forgettable(this.state, this.#parts.settings.retentionJobs)) {
      this.#loop.offer({ type: "job-forgotten", jobId });
    }
  }

  #compression(): "none" | "lz4" {
    const { compression } = this.#parts.settings;
    if (compression !== "auto") return compression;
    for (const { state, runAddress } of this.state.workers.values()) {
      if (state !== "lost" && !isLoopback(hostOf(runAddress))) return "lz4";
    }
    return "none";
  }
}

function hostOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  return url?.hostname.replace(/^\[|\]$/g, "") ?? address;
}
