import type { Clock, Random, Timer, Timers } from "#shared/clock/clock";
import { faultCodes, type FaultCode } from "#shared/errors/codes";
import { kindRules } from "#shared/errors/kinds";
import type { Logger } from "#shared/log/logger";
import { decodeMasterMessage } from "#shared/protocol/codec";
import {
  protocolVersion,
  type MasterMessage,
  type RegisterMessage,
  type WorkerMessage,
} from "#shared/protocol/messages";
import type { Tasks } from "#worker/task/tasks";
import { Backoff } from "./backoff.js";
import { Connection, type ConnectionEnd } from "./connection.js";
import { Lease } from "./lease.js";

/** What a worker says of itself when it registers. */
export type WorkerIdentity = Pick<
  RegisterMessage,
  "workerId" | "processId" | "slots" | "slotMemoryBytes" | "runAddress" | "version"
>;

/** What the session asks of the attempts. */
export type SessionTasks = Pick<
  Tasks,
  | "sendBy"
  | "receive"
  | "attempts"
  | "jobs"
  | "progress"
  | "repeat"
  | "loseAll"
  | "refuseNew"
  | "whenIdle"
>;

export interface SessionOptions {
  /** WebSocket of the master, `ws://host:port/ws/worker`. */
  readonly socketUrl: string;
  readonly token: string | null;
  readonly identity: WorkerIdentity;
  readonly tasks: SessionTasks;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly rssBytes: () => number;
  readonly log: Logger;
  /** Called at each registration. */
  readonly onRegistered?: () => void;
}

/** A master that accepted the connection, but does not register us, is given up after so long. */
const registerTimeoutMs = 10_000;

/** Missing heartbeats after which a connection counts as half-open. */
const silentHeartbeats = 3;

/** A connection that lasted so long was a good one: the next wait starts short again. */
const goodConnectionMs = 5_000;

/** How long the last words may take to leave. */
const closeWaitMs = 1_000;

type Phase = "running" | "draining" | "ended";

/**
 * The worker's relation to the master through broken connections, restarts and drain. The task
 * messages go to and come from `Tasks`; `ended` tells when the process should go, and how.
 */
export class Session {
  /** Resolves to the exit code. */
  readonly ended: Promise<number>;
  readonly #options: SessionOptions;
  readonly #backoff: Backoff;
  readonly #lease = new Lease();
  #resolveEnded: (exitCode: number) => void = () => {};
  #phase: Phase = "running";
  #connection: Connection | null = null;
  #registerSentAtMs = 0;
  #registeredAtMs: number | null = null;
  #incarnation: number | null = null;
  #heartbeatMs = 1_000;
  #ticks: Timer | null = null;
  #tickedAtMs = 0;
  #retry: Timer | null = null;
  #registerTimeout: Timer | null = null;
  #drainTimeout: Timer | null = null;
  #isOutage = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    options.tasks.sendBy((message) => this.#send(message));
  }

  start(): void {
    this.#connect();
  }

  /**
   * Takes no new attempts, finishes those that run, serves runs until the master lets go, and ends
   * with exit code 0; after `timeoutMs` whatever is left is given up.
   */
  drain(timeoutMs: number): void {
    if (this.#phase !== "running") return;
    this.#phase = "draining";
    this.#options.tasks.refuseNew();
    this.#options.log.info({ timeoutMs }, "draining");
    if (this.#incarnation === null) return this.#end(0);
    this.#drainTimeout = this.#options.timers.after(timeoutMs, () => {
      this.#options.log.warn({ timeoutMs }, "drain timed out; leaving");
      this.#end(0);
    });
    this.#send({ type: "draining" });
  }

  #connect(): void {
    if (this.#phase === "ended") return;
    const { socketUrl, token, clock } = this.#options;
    const connection = new Connection(socketUrl, token, clock, {
      opened: () => this.#register(connection),
      received: (frame) => {
        if (this.#connection === connection) this.#receive(frame);
      },
      answered: (sentAtMs) => {
        if (this.#connection === connection) this.#lease.prove(sentAtMs);
      },
      closed: (end) => {
        if (this.#connection === connection) this.#lost(end);
      },
    });
    this.#connection = connection;
  }

  #register(connection: Connection): void {
    if (this.#connection !== connection) return;
    const { clock, timers, identity, tasks } = this.#options;
    this.#expireLease();
    this.#registerSentAtMs = clock.monotonicMs();
    connection.send({
      type: "register",
      protocolVersion,
      ...identity,
      resume: this.#incarnation,
      attempts: tasks.attempts(),
      jobs: tasks.jobs(),
    });
    this.#registerTimeout = timers.after(registerTimeoutMs, () => connection.terminate());
  }

  #receive(frame: string): void {
    if (this.#expireLease()) return;
    try {
      this.#handle(decodeMasterMessage(frame));
    } catch (error) {
      this.#options.log.error({ err: error }, "message of the master refused");
      this.#connection?.terminate();
    }
  }

  #handle(message: MasterMessage): void {
    switch (message.type) {
      case "registered":
        return this.#registered(message.incarnation, message.heartbeatMs, message.leaseMs);
      case "rejected":
        return this.#rejected(message.code, message.message);
      case "leave":
        return this.#leave();
      default:
        return this.#options.tasks.receive(message);
    }
  }

  #registered(incarnation: number, heartbeatMs: number, leaseMs: number): void {
    const { tasks, timers, clock, log, onRegistered } = this.#options;
    this.#registerTimeout?.cancel();
    this.#registeredAtMs = clock.monotonicMs();
    this.#tickedAtMs = this.#registeredAtMs;
    this.#lease.begin(leaseMs, this.#registerSentAtMs);
    const isResumed = this.#incarnation === incarnation;
    if (this.#incarnation !== null && !isResumed) {
      tasks.loseAll("the master started a new incarnation of this worker");
    }
    this.#incarnation = incarnation;
    this.#isOutage = false;
    this.#heartbeatMs = heartbeatMs;
    this.#ticks?.cancel();
    this.#ticks = timers.every(heartbeatMs, () => this.#tick());
    log.info({ incarnation, isResumed }, "registered");
    if (this.#phase === "draining") this.#send({ type: "draining" });
    if (isResumed) tasks.repeat();
    onRegistered?.();
  }

  /** No use in trying again: the operator must change something. */
  #rejected(code: string, message: string): void {
    this.#options.log.error({ code, reason: message }, "the master rejected this worker");
    this.#end(exitCodeOf(code));
  }

  #leave(): void {
    if (this.#phase !== "draining") return;
    void this.#options.tasks.whenIdle().then(() => this.#end(0));
  }

  #tick(): void {
    if (this.#expireLease()) return;
    const connection = this.#connection;
    if (connection === null || this.#registeredAtMs === null) return;
    const { clock, tasks, rssBytes, log } = this.#options;
    const nowMs = clock.monotonicMs();
    const sinceTickMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    const silenceMs = nowMs - connection.heardAtMs;
    // After a pause of our own, what the master said meanwhile may still wait to be read.
    const hasPaused = sinceTickMs > 2 * this.#heartbeatMs;
    if (!hasPaused && silenceMs > silentHeartbeats * this.#heartbeatMs) {
      log.warn({ silenceMs: Math.round(silenceMs) }, "the master is silent; connecting anew");
      return connection.terminate();
    }
    connection.ping();
    connection.send({ type: "heartbeat", rssBytes: rssBytes(), attempts: tasks.progress() });
  }

  /** @returns whether the lease has run out, and everything that ran is lost */
  #expireLease(): boolean {
    const { clock, tasks, log } = this.#options;
    if (!this.#lease.hasExpired(clock.monotonicMs())) return false;
    log.warn({ incarnation: this.#incarnation }, "the lease has run out; attempts are lost");
    this.#lease.end();
    this.#incarnation = null;
    tasks.loseAll("the lease has run out");
    // What was registered on this connection is the former incarnation.
    if (this.#registeredAtMs !== null) this.#connection?.terminate();
    if (this.#phase === "draining") this.#end(0);
    return true;
  }

  #lost({ reason, status, isReplaced }: ConnectionEnd): void {
    const { clock, timers, log } = this.#options;
    const lastedMs = this.#registeredAtMs === null ? 0 : clock.monotonicMs() - this.#registeredAtMs;
    this.#connection = null;
    this.#registeredAtMs = null;
    this.#registerTimeout?.cancel();
    if (this.#phase === "ended") return;
    if (status === 401) return this.#rejected("MR_TOKEN_MISSING", reason);
    if (status === 403) return this.#rejected("MR_TOKEN_WRONG", reason);
    // Coming back would only throw the other one out in turn, for ever.
    if (isReplaced) {
      return this.#rejected("MR_WORKER_NAME_TAKEN", "another worker registered under this name");
    }
    if (lastedMs >= goodConnectionMs) this.#backoff.reset();
    const waitMs = Math.min(this.#backoff.nextMs(), this.#lease.waitMaxMs);
    const fields = { reason, waitMs: Math.round(waitMs) };
    // An outage of hours is one line, not thousands.
    if (this.#isOutage) log.debug(fields, "no connection to the master");
    else log.warn(fields, "no connection to the master; trying until there is one");
    this.#isOutage = true;
    this.#retry = timers.after(waitMs, () => this.#connect());
  }

  #send(message: WorkerMessage): void {
    if (this.#registeredAtMs === null || this.#expireLease()) return;
    this.#connection?.send(message);
  }

  #end(exitCode: number): void {
    if (this.#phase === "ended") return;
    if (exitCode === 0) this.#send({ type: "leaving" });
    this.#phase = "ended";
    for (const timer of [this.#ticks, this.#retry, this.#registerTimeout, this.#drainTimeout]) {
      timer?.cancel();
    }
    const connection = this.#connection;
    if (connection === null) return this.#resolveEnded(exitCode);
    connection.close();
    const giveUp = this.#options.timers.after(closeWaitMs, () => connection.terminate());
    void connection.whenClosed.then(() => {
      giveUp.cancel();
      this.#resolveEnded(exitCode);
    });
  }
}

function exitCodeOf(code: string): number {
  if (!Object.hasOwn(faultCodes, code)) return kindRules.internal.exitCode;
  return kindRules[faultCodes[code as FaultCode]].exitCode;
}
