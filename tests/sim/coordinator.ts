import { isFinal } from "#shared/model/job";
import type { Command } from "#master/schedule/commands";
import type { Event } from "#master/schedule/events";
import { deserialise, serialise } from "#master/schedule/serialise";
import { createState, type State } from "#master/schedule/state";
import { findWorker, listJobs, listWorkers, winningParts } from "#master/schedule/views";
import { createCheckers } from "./checkers/all.js";
import type { Checker, Observation } from "./checkers/checker.js";
import { Ledger } from "./ledger.js";
import type { Link } from "./link.js";
import { failureOf, type Process } from "./process.js";
import type { World } from "./world.js";

export type Step = (state: State, event: Event, nowMs: number) => Command[];

interface Session {
  readonly process: Process;
  readonly link: Link;
  incarnation: number | null;
  registration: number;
}

/** Bounds of what ended jobs keep are small, so that they are met. */
const config = {
  retryBaseMs: 200,
  retryMaxMs: 2_000,
  endedAttemptsMax: 12,
  endedTroubleMax: 4,
  endedAttemptsTotalMax: 20,
  chainRunsMax: 4,
};

/** The shell around the state machine: journals, steps, checks, performs, crashes and recovers. */
export class Coordinator {
  state = createState(config);
  isUp = true;
  readonly journal: Observation[] = [];
  readonly ledger = new Ledger();
  readonly #checkers: Checker[];
  readonly #sessions = new Map<string, Session>();
  readonly #lastSeenMs = new Map<string, number>();
  readonly #submitted = new Set<string>();
  #checkpoint: { text: string; eventCount: number } | null = null;
  /** Grows with every crash: what was begun before it is not heard afterwards. */
  #life = 0;

  constructor(
    private readonly world: World,
    private readonly step: Step,
  ) {
    this.#checkers = createCheckers(this.ledger, (checker, detail) =>
      world.violation(checker, detail),
    );
  }

  /** @returns false when the coordinator is down and the event is lost */
  feed(event: Event): boolean {
    if (!this.isUp) return false;
    const { nowMs } = this.world.agenda;
    const commands = this.step(this.state, event, nowMs);
    const observation = { event, nowMs, commands };
    this.journal.push(observation);
    if (event.type === "job-submitted") this.#submitted.add(event.jobId);
    this.#check(observation);
    this.#saveSometimes();
    for (const command of commands) this.#perform(command);
    return true;
  }

  register(process: Process, link: Link, event: Event): void {
    if (!this.isUp) {
      this.#breakLink(process, link);
      return;
    }
    const former = this.#sessions.get(process.workerId);
    if (former !== undefined && former.link !== link) former.link.isOpen = false;
    this.#sessions.set(process.workerId, {
      process,
      link,
      incarnation: null,
      registration: 0,
    });
    this.#lastSeenMs.set(process.workerId, this.world.agenda.nowMs);
    this.feed(event);
  }

  /** Whether the process speaks for the incarnation that the coordinator knows. */
  knows(process: Process): boolean {
    const worker = this.state.workers.get(process.workerId);
    return worker?.incarnation === process.incarnation && worker.state !== "lost";
  }

  linkBroke(process: Process): void {
    const { workerId, incarnation } = process;
    const session = this.#sessions.get(workerId);
    if (incarnation === null || session?.process !== process) return;
    const { registration } = session;
    this.world.agenda.after(this.world.dice.between(0, 300), () =>
      this.feed({ type: "worker-disconnected", workerId, incarnation, registration }),
    );
  }

  startLeases(): void {
    const { agenda, settings } = this.world;
    const look = (): void => {
      agenda.after(250, look);
      if (!this.isUp) return;
      for (const [workerId, { process, link }] of this.#sessions) {
        const isHeard = process.isAlive && !process.isFrozen && link.isOpen;
        if (!isHeard) continue;
        this.#lastSeenMs.set(workerId, agenda.nowMs);
        const worker = findWorker(this.state, workerId);
        if (worker?.state === "active" && !worker.connected) {
          this.world.violation("progress", `${workerId} is heard, but counts as disconnected`);
        }
      }
      for (const { workerId, incarnation, state } of listWorkers(this.state)) {
        const silentMs = agenda.nowMs - (this.#lastSeenMs.get(workerId) ?? 0);
        if (state === "lost" || silentMs <= settings.leaseMs) continue;
        const session = this.#sessions.get(workerId);
        this.feed({ type: "worker-lost", workerId, incarnation, reason: "its lease ended" });
        if (session) this.#breakLink(session.process, session.link);
      }
    };
    look();
  }

  /** The process ends between two events; all that is under way is lost. It comes back and recovers. */
  crash(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#life++;
    const { agenda, dice } = this.world;
    for (const { process, link } of this.#sessions.values()) this.#breakLink(process, link);
    this.#sessions.clear();
    agenda.after(dice.between(10, 2_000), () => {
      this.state = this.#recover();
      this.isUp = true;
      for (const { workerId } of listWorkers(this.state)) {
        this.#lastSeenMs.set(workerId, agenda.nowMs);
      }
      this.feed({ type: "coordinator-started" });
    });
  }

  get allEnded(): boolean {
    if (this.#submitted.size < this.world.settings.jobs.length) return false;
    for (const job of this.state.jobs.values()) if (!isFinal(job.status)) return false;
    return true;
  }

  describeUnended(): string {
    return [...listJobs(this.state)]
      .filter((job) => !isFinal(job.status))
      .map((job) => `${job.jobId} is ${job.status}, waits for ${job.waitingFor}`)
      .join("; ");
  }

  checkEnd(): void {
    this.#recover();
    for (const checker of this.#checkers) checker.atEnd?.(this.state);
  }

  /** Rebuilds the state from the journal, and from the checkpoint and what followed it. */
  #recover(): State {
    const live = JSON.stringify(serialise(this.state));
    const replayed = this.#replay(createState(config), 0);
    if (JSON.stringify(serialise(replayed)) !== live) {
      this.world.violation("recovery", "replaying the journal gives another state");
    }
    if (this.#checkpoint === null) return replayed;
    const { text, eventCount } = this.#checkpoint;
    const continued = this.#replay(deserialise(JSON.parse(text), config), eventCount);
    if (JSON.stringify(serialise(continued)) !== live) {
      this.world.violation("recovery", "checkpoint and replay give another state");
    }
    return continued;
  }

  #replay(state: State, from: number): State {
    for (let at = from; at < this.journal.length; at++) {
      const observed = this.journal[at];
      if (observed === undefined) break;
      const commands = this.step(state, observed.event, observed.nowMs);
      if (JSON.stringify(commands) !== JSON.stringify(observed.commands)) {
        this.world.violation(
          "recovery",
          `event ${at} (${observed.event.type}) gives other commands`,
        );
        break;
      }
    }
    return state;
  }

  #check(observation: Observation): void {
    this.ledger.applyEvent(observation);
    for (const command of observation.commands) {
      for (const checker of this.#checkers) checker.command?.(command, observation);
      this.ledger.applyCommand(command, observation);
    }
    for (const checker of this.#checkers) checker.step?.(observation, this.state);
  }

  #saveSometimes(): void {
    if (!this.world.dice.chance(0.01)) return;
    const text = JSON.stringify(serialise(this.state));
    this.#checkpoint = { text, eventCount: this.journal.length };
  }

  #perform(command: Command): void {
    const { dice } = this.world;
    switch (command.type) {
      case "plan-job": {
        const job = this.world.jobOf(command);
        const { jobId, plan } = job;
        const failure = failureOf("user", true);
        return this.#later(dice.between(1, 200), () =>
          job.planFails
            ? { type: "plan-failed", jobId, failure }
            : { type: "job-planned", jobId, plan },
        );
      }
      case "commit-job":
        return this.#commit(command.jobId);
      case "clean-job":
        return this.#clean(command.jobId);
      case "remove-output":
      case "forget-job":
        return;
      case "set-retry-timer": {
        const { jobId, stage, taskIndex, dueAtMs } = command;
        const delayMs = dueAtMs - this.world.agenda.nowMs;
        return this.#later(delayMs, () => ({ type: "retry-due", jobId, stage, taskIndex }));
      }
      default:
        return this.#send(command);
    }
  }

  #send(command: Extract<Command, { workerId: string }>): void {
    const session = this.#sessions.get(command.workerId);
    if (session === undefined) return;
    if (command.type === "welcome-worker") {
      session.incarnation = command.incarnation;
      session.registration = command.registration;
    }
    if (session.incarnation !== command.incarnation) return;
    session.link.toWorker(() => session.process.receive(session.link, command));
  }

  #commit(jobId: string): void {
    const job = this.world.jobOf({ jobId });
    const parts = winningParts(this.state, jobId);
    const summary = { output: "/out", partCount: parts.length, records: 0, bytes: 0 };
    const failure = failureOf("infrastructure", true);
    this.#later(this.world.dice.between(1, 900), () =>
      job.commitFails
        ? { type: "commit-failed", jobId, failure }
        : { type: "commit-done", jobId, summary },
    );
  }

  #clean(jobId: string): void {
    for (const process of this.world.processes) {
      for (const run of process.runs) if (run.startsWith(`${jobId}/`)) process.runs.delete(run);
    }
    if (!this.world.jobOf({ jobId }).forgets) return;
    this.#later(this.world.dice.between(1, 5_000), () => ({ type: "job-forgotten", jobId }));
  }

  /** Something of this life of the coordinator that ends in an event. */
  #later(delayMs: number, build: () => Event): void {
    const life = this.#life;
    this.world.agenda.after(delayMs, () => {
      if (life === this.#life) this.feed(build());
    });
  }

  #breakLink(process: Process, link: Link): void {
    link.isOpen = false;
    this.world.agenda.after(this.world.dice.between(1, 500), () => process.disconnected());
  }
}
