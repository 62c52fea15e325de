import { attemptKey, attemptName, type AttemptRef, type Incarnation } from "#shared/model/ids";
import { limits } from "#shared/model/limits";
import type { AttemptResult, Failure, RunSet } from "#shared/model/result";
import type { Command } from "#master/schedule/commands";
import type { Event } from "#master/schedule/events";
import type { Link } from "./link.js";
import type { World } from "./world.js";

type Report = Extract<Event, { type: "attempt-done" | "attempt-failed" }>;
type ToProcess = Extract<Command, { workerId: string }>;

interface KnownRun {
  readonly attempt: number;
  readonly address: string;
  readonly holderId: string;
}

interface Running {
  readonly ref: AttemptRef;
  readonly known: Map<number, KnownRun>;
  readonly fetched: Set<number>;
  readonly fetching: Set<number>;
  /** Whether it has a slot. */
  hasBegun: boolean;
}

/** One simulated worker process: runs attempts, fetches, reports, and comes back after a break. */
export class Process {
  isAlive = true;
  isFrozen = false;
  isDraining = false;
  incarnation: Incarnation | null = null;
  link: Link | null = null;
  readonly address: string;
  readonly running = new Map<string, Running>();
  /** Reports that were not answered yet. */
  readonly reports = new Map<string, Report>();
  readonly runs = new Set<string>();
  #inbox: (() => void)[] = [];

  constructor(
    private readonly world: World,
    readonly workerId: string,
    readonly processId: string,
    readonly slots: number,
  ) {
    this.address = `http://${processId}`;
  }

  /** Opens a connection and registers on it. */
  connect(): void {
    if (!this.isAlive || this.link?.isOpen) return;
    if (!this.world.coordinator.isUp) {
      this.world.agenda.after(this.world.dice.between(50, 600), () =>
        this.act(() => this.connect()),
      );
      return;
    }
    const link = this.world.openLink();
    this.link = link;
    const event: Event = {
      type: "worker-registered",
      workerId: this.workerId,
      processId: this.processId,
      resume: this.incarnation,
      slots: this.slots,
      slotMemoryBytes: 1,
      runAddress: this.address,
      version: "1",
      attempts: [
        ...[...this.running.values()].map((each) => each.ref),
        ...[...this.reports.values()].map((each) => each.ref),
      ],
    };
    link.toMaster(() => {
      if (link.isOpen && this.isAlive) this.world.coordinator.register(this, link, event);
    });
  }

  die(): void {
    this.isAlive = false;
    if (this.link) this.link.isOpen = false;
  }

  freeze(forMs: number): void {
    this.isFrozen = true;
    this.world.agenda.after(forMs, () => {
      this.isFrozen = false;
      const inbox = this.#inbox;
      this.#inbox = [];
      for (const run of inbox) this.act(run);
    });
  }

  /** The connection broke, whoever's fault it was. */
  disconnected(): void {
    this.act(() => {
      // After a long silence a worker stops what it runs, and says so by not listing it.
      if (this.world.dice.chance(0.3) && !this.world.coordinator.knows(this)) this.running.clear();
      this.connect();
    });
  }

  /** Does something unless the process is gone; when it is frozen, as soon as it wakes. */
  act(run: () => void): void {
    if (!this.isAlive) return;
    if (this.isFrozen) this.#inbox.push(run);
    else run();
  }

  /** What came over a connection counts only until the next one is opened. */
  receive(link: Link, command: ToProcess): void {
    this.act(() => {
      if (link === this.link) this.#obey(command);
    });
  }

  drain(): void {
    this.act(() => {
      this.isDraining = true;
      this.#send((from) => ({ type: "worker-draining", ...from }));
    });
  }

  #obey(command: ToProcess): void {
    switch (command.type) {
      case "welcome-worker":
        return this.#welcomed(command.incarnation);
      case "launch-map":
        return this.#launch(command.ref, []);
      case "launch-reduce":
        return this.#launch(command.ref, command.runs);
      case "cancel-attempt":
        this.running.delete(attemptKey(command.ref));
        return this.#beginNext();
      case "recall-attempt":
        return this.#giveBack(command.ref);
      case "announce-runs":
        return this.#learn(attemptKey(command.ref), command.runs);
      case "withdraw-run": {
        const running = this.running.get(attemptKey(command.ref));
        const known = running?.known.get(command.mapTaskIndex);
        if (known?.attempt === command.mapAttempt) running?.known.delete(command.mapTaskIndex);
        return;
      }
      case "answer-report":
        this.reports.delete(attemptKey(command.ref));
        return;
      case "release-worker":
        this.#send((from) => ({ type: "worker-lost", reason: "left", ...from }));
        this.world.agenda.after(1_000, () => this.die());
        return;
    }
  }

  #welcomed(incarnation: Incarnation): void {
    if (this.incarnation !== null && this.incarnation !== incarnation) {
      this.running.clear();
      this.reports.clear();
    }
    this.incarnation = incarnation;
    if (this.isDraining) this.#send((from) => ({ type: "worker-draining", ...from }));
    for (const report of this.reports.values()) this.#send((from) => ({ ...report, ...from }));
  }

  #launch(ref: AttemptRef, runs: RunSet): void {
    const key = attemptKey(ref);
    if (this.running.has(key)) return this.world.violation("launch-once", `${key} launched twice`);
    const ahead = [...this.running.values(), { ref }];
    const mayWait = ahead.every((each) => each.ref.stage === "map" && each.ref.attempt === 1);
    const most = mayWait ? this.slots * (1 + limits.attemptsAheadMax) : this.slots;
    if (ahead.length > most) {
      this.world.violation("slots", `${this.workerId} was sent ${key} while all its slots run`);
    }
    const running: Running = {
      ref,
      known: new Map(),
      fetched: new Set(),
      fetching: new Set(),
      hasBegun: false,
    };
    this.running.set(key, running);
    if (ref.stage === "reduce") this.#learn(key, runs);
    this.#beginNext();
  }

  /** Attempts begin in the order of their launches, as slots are free. */
  #beginNext(): void {
    const begun = [...this.running.values()].filter((each) => each.hasBegun).length;
    let free = this.slots - begun;
    for (const running of this.running.values()) {
      if (free <= 0) return;
      if (running.hasBegun) continue;
      running.hasBegun = true;
      free--;
      if (running.ref.stage === "map") this.#finishLater(running);
      else this.#finishWhenFetched(running);
    }
  }

  #giveBack(ref: AttemptRef): void {
    const key = attemptKey(ref);
    const running = this.running.get(key);
    if (running === undefined || running.hasBegun) return;
    this.running.delete(key);
    this.#send((from) => ({ type: "attempt-returned", ref, ...from }));
  }

  #learn(key: string, runs: RunSet): void {
    const running = this.running.get(key);
    if (running === undefined) return;
    for (const { workerId, address, maps } of runs) {
      for (let at = 0; at < maps.length; at += 2) {
        const map = maps[at] ?? 0;
        const attempt = maps[at + 1] ?? 0;
        running.known.set(map, { attempt, address, holderId: workerId });
        if (!running.fetched.has(map))
          this.#fetchLater(running, map, this.world.dice.between(1, 80));
      }
    }
  }

  #fetchLater(running: Running, map: number, delayMs: number): void {
    if (running.fetching.has(map)) return;
    running.fetching.add(map);
    this.world.agenda.after(delayMs, () =>
      this.act(() => {
        running.fetching.delete(map);
        const run = running.known.get(map);
        if (run === undefined || this.running.get(attemptKey(running.ref)) !== running) return;
        this.#fetch(running, map, run);
      }),
    );
  }

  #fetch(running: Running, map: number, run: KnownRun): void {
    const reason = this.world.fetch(run.address, running.ref.jobId, map, run.attempt);
    if (reason === null) {
      running.fetched.add(map);
      this.#finishWhenFetched(running);
      return;
    }
    this.#send((from) => ({
      type: "run-unreachable",
      ref: running.ref,
      holderId: run.holderId,
      mapTaskIndex: map,
      mapAttempt: run.attempt,
      reason,
      ...from,
    }));
    this.#fetchLater(running, map, this.world.dice.between(300, 900));
  }

  #finishWhenFetched(running: Running): void {
    const job = this.world.jobOf(running.ref);
    if (running.fetched.size === job.plan.splits.length) this.#finishLater(running);
  }

  #finishLater(running: Running): void {
    const { agenda, dice } = this.world;
    const [least, most] = this.world.jobOf(running.ref).attemptMs;
    agenda.after(dice.between(least, Math.max(least, most)), () =>
      this.act(() => {
        const key = attemptKey(running.ref);
        if (this.running.get(key) === running) this.#finish(key, running.ref);
      }),
    );
  }

  #finish(key: string, ref: AttemptRef): void {
    const outcome = this.world.outcome(ref);
    if (outcome === "kill") {
      this.world.kill(this);
      return;
    }
    this.running.delete(key);
    this.#beginNext();
    if (typeof outcome === "object") {
      this.#report(key, { type: "attempt-failed", ref, failure: outcome, ...this.#from() });
      return;
    }
    const { plan, reportedMs } = this.world.jobOf(ref);
    const result = resultOf(ref, plan.partitionCount > 0, reportedMs);
    if (result.hasRun) this.runs.add(`${ref.jobId}/${ref.taskIndex}/${ref.attempt}`);
    this.#report(key, { type: "attempt-done", ref, result, ...this.#from() });
  }

  #report(key: string, report: Report): void {
    this.reports.set(key, report);
    this.#send(() => report);
    if (this.world.dice.chance(this.world.settings.duplicateChance)) this.#send(() => report);
  }

  #from(): { workerId: string; incarnation: Incarnation } {
    return { workerId: this.workerId, incarnation: this.incarnation ?? -1 };
  }

  #send(build: (from: { workerId: string; incarnation: Incarnation }) => Event): void {
    const event = build(this.#from());
    this.link?.toMaster(() => this.world.coordinator.feed(event));
  }
}

function resultOf(ref: AttemptRef, hasReducer: boolean, durationMs: number): AttemptResult {
  const hasRun = ref.stage === "map" && hasReducer;
  return {
    counters: { records: ref.taskIndex + 10 * ref.attempt, [`user.${ref.stage}`]: 1 },
    hasRun,
    parts: hasRun
      ? []
      : [{ location: attemptName(ref), records: 1, bytes: 1, sha256: "0".repeat(64) }],
    durationMs,
  };
}

export function failureOf(blame: Failure["blame"], permanent = false): Failure {
  return {
    code: blame === "user" ? "MR_USER_CODE_FAILED" : "MR_DISK_FULL",
    message: `a ${blame} failure`,
    blame,
    userFrame: null,
    stack: null,
    place: null,
    logTail: [],
    permanent,
  };
}
