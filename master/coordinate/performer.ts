import type { Command } from "#master/schedule/commands";
import type { Job, State } from "#master/schedule/state";
import type { Timer, Timers } from "#shared/clock/clock";
import type { Logger } from "#shared/log/logger";
import type { AttemptRef, JobId } from "#shared/model/ids";
import type { LaunchAttemptMessage, MasterMessage } from "#shared/protocol/messages";
import type { Event } from "#master/schedule/events";
import type { Connection, Identity } from "./connection.js";
import { EndedRuns } from "./ended-runs.js";
import type { JobEffects } from "./job-effects.js";
import type { Leases } from "./leases.js";
import type { Sessions } from "./sessions.js";

export interface PerformerParts {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly timers: Timers;
  readonly log: Logger;
  readonly sessions: Sessions;
  readonly leases: Leases;
  readonly effects: JobEffects;
  readonly state: () => State;
  readonly compression: () => "none" | "lz4";
  readonly offer: (event: Event) => void;
  /** After a connection was welcomed: it may have spoken before. */
  readonly onWelcome: (connection: Connection) => void;
  /** A report was refused. */
  readonly onFenced: () => void;
  readonly onJobEnded: (job: Job) => void;
}

/** Turns commands into messages, timers and effects. What cannot reach its worker is dropped. */
export class Performer {
  readonly #parts: PerformerParts;
  /** By job, then by stage and task. */
  readonly #retries = new Map<JobId, Map<string, Timer>>();

  readonly #endedRuns = new EndedRuns();

  constructor(parts: PerformerParts) {
    this.#parts = parts;
  }

  /**
   * @param connection the one that the event came over, which a welcome binds
   * @param atMs instant of the event that the command follows from
   */
  perform(command: Command, connection: Connection | null, atMs: number): void {
    const { effects } = this.#parts;
    switch (command.type) {
      case "plan-job":
        return effects.startPlan(command.jobId);
      case "commit-job":
        return effects.startCommit(command.jobId);
      case "clean-job":
        return this.#clean(command.jobId);
      case "remove-output":
        return effects.startRemove(command.jobId, command.output);
      case "forget-job":
        return effects.startForget(command.jobId);
      case "set-retry-timer":
        return this.#setTimer(command, atMs);
      case "welcome-worker":
        return this.#welcome(command, command.registration, connection);
      case "launch-map":
        return this.#launchMap(command, command.ref);
      case "launch-reduce":
        return this.#launch(command, {
          type: "launch-attempt",
          ref: command.ref,
          work: { stage: "reduce", runs: command.runs },
        });
      case "answer-report":
        if (!command.accepted) this.#parts.onFenced();
        return this.#send(command, messageOf(command));
      default:
        return this.#send(command, messageOf(command));
    }
  }

  close(): void {
    for (const jobId of this.#retries.keys()) this.#dropTimers(jobId);
  }

  #send(to: Identity, message: MasterMessage): void {
    this.#parts.sessions.find(to.workerId, to.incarnation)?.send(message);
  }

  #welcome(
    { workerId, incarnation }: Identity,
    registration: number,
    connection: Connection | null,
  ): void {
    const { sessions, leases, heartbeatMs, leaseMs, onWelcome, log } = this.#parts;
    leases.start(workerId, incarnation);
    if (connection === null) return;
    sessions.bind(connection, workerId, incarnation);
    connection.registration = registration;
    connection.send({ type: "registered", incarnation, heartbeatMs, leaseMs });
    // It may have been away when some of its jobs ended, or were forgotten here.
    const { jobs } = this.#parts.state();
    for (const jobId of connection.heldJobs ?? jobs.keys()) {
      const job = jobs.get(jobId);
      if (job === undefined || job.endedAtMs !== null)
        connection.send({ type: "forget-job", jobId });
    }
    connection.heldJobs = null;
    log.info({ workerId, incarnation }, "worker registered");
    onWelcome(connection);
  }

  #launchMap(to: Identity, ref: AttemptRef): void {
    const split = this.#parts.state().jobs.get(ref.jobId)?.plan?.splits[ref.taskIndex];
    if (split === undefined) return;
    this.#launch(to, { type: "launch-attempt", ref, work: { stage: "map", split } });
  }

  #launch(to: Identity, message: LaunchAttemptMessage): void {
    const connection = this.#parts.sessions.find(to.workerId, to.incarnation);
    const job = this.#parts.state().jobs.get(message.ref.jobId);
    if (connection === null || job === undefined) return;
    if (!connection.described.has(job.jobId)) {
      connection.described.add(job.jobId);
      connection.send({
        type: "describe-job",
        jobId: job.jobId,
        spec: job.spec,
        output: job.output,
        partitionCount: job.plan?.partitionCount ?? 0,
        mapTaskCount: job.plan?.splits.length ?? 0,
        ...(job.plan?.boundaries === undefined ? {} : { boundaries: job.plan.boundaries }),
        ...(job.plan?.sides === undefined
          ? {}
          : { sides: job.plan.sides.map((side) => [...side]) }),
        compression: this.#parts.compression(),
      });
    }
    connection.send(message);
  }

  #clean(jobId: JobId): void {
    const { sessions, effects, state, onJobEnded } = this.#parts;
    this.#dropTimers(jobId);
    for (const each of this.#endedRuns.end(state(), jobId)) sessions.forgetJob(each);
    effects.startClean(jobId);
    const job = state().jobs.get(jobId);
    if (job !== undefined) onJobEnded(job);
  }

  #setTimer(command: Extract<Command, { type: "set-retry-timer" }>, atMs: number): void {
    const { jobId, stage, taskIndex, dueAtMs } = command;
    const key = `${stage} ${taskIndex}`;
    const timers = this.#retries.get(jobId) ?? new Map<string, Timer>();
    this.#retries.set(jobId, timers);
    timers.get(key)?.cancel();
    const delayMs = Math.max(0, dueAtMs - atMs);
    const timer = this.#parts.timers.after(delayMs, () => {
      timers.delete(key);
      this.#parts.offer({ type: "retry-due", jobId, stage, taskIndex });
    });
    timers.set(key, timer);
  }

  /** Nothing of the job is tried again. */
  #dropTimers(jobId: JobId): void {
    for (const timer of this.#retries.get(jobId)?.values() ?? []) timer.cancel();
    this.#retries.delete(jobId);
  }
}

type Message = Exclude<
  Command["type"],
  | "plan-job"
  | "commit-job"
  | "clean-job"
  | "remove-output"
  | "forget-job"
  | "set-retry-timer"
  | "welcome-worker"
  | "launch-map"
  | "launch-reduce"
>;

/** Commands that are one message each. */
function messageOf(command: Extract<Command, { type: Message }>): MasterMessage {
  switch (command.type) {
    case "cancel-attempt":
      return { type: "cancel-attempt", ref: command.ref, reason: command.reason };
    case "recall-attempt":
      return { type: "recall-attempt", ref: command.ref };
    case "announce-runs":
      return { type: "runs-ready", ref: command.ref, runs: command.runs };
    case "withdraw-run": {
      const { ref, mapTaskIndex, mapAttempt } = command;
      return { type: "run-lost", ref, mapTaskIndex, mapAttempt };
    }
    case "answer-report":
      return { type: "report-received", ref: command.ref, accepted: command.accepted };
    case "release-worker":
      return { type: "leave" };
  }
}
