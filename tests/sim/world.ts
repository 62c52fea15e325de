import type { AttemptRef } from "#shared/model/ids";
import type { Failure } from "#shared/model/result";
import { Agenda } from "./agenda.js";
import { chainIdOf, runOf } from "./chain-jobs.js";
import { Coordinator, type Step } from "./coordinator.js";
import { Dice } from "./dice.js";
import { Link } from "./link.js";
import { scheduleMishaps } from "./mishaps.js";
import { failureOf, Process } from "./process.js";
import type { Settings, SimJob } from "./settings.js";

export interface Violation {
  /** The checker that found it. */
  readonly checker: string;
  readonly detail: string;
  readonly atMs: number;
}

/** One run: the coordinator, its workers, the network between them, and what went wrong. */
export class World {
  readonly agenda = new Agenda();
  readonly dice: Dice;
  readonly violations: Violation[] = [];
  readonly coordinator: Coordinator;
  readonly processes: Process[] = [];
  #processCount = 0;

  constructor(
    readonly settings: Settings,
    step: Step,
  ) {
    this.dice = new Dice(settings.seed + 1_000_003);
    this.coordinator = new Coordinator(this, step);
  }

  /** Lets everything happen until every job ended, or the first violation. */
  run(): void {
    const { settings, agenda } = this;
    settings.slots.forEach((slots, index) => this.startProcess(`worker-${index}`, slots));
    for (const job of settings.jobs) this.#scheduleJob(job);
    for (const atMs of settings.crashesAtMs) agenda.at(atMs, () => this.coordinator.crash());
    scheduleMishaps(this);
    // Whatever happened to the others, one sound worker is there in the end.
    agenda.at(settings.calmAtMs, () => this.startProcess("worker-rescue", 2));
    this.coordinator.startLeases();
    while (this.violations.length === 0 && !this.coordinator.allEnded) {
      if (agenda.nowMs > settings.stuckAtMs) {
        this.violation("progress", this.coordinator.describeUnended());
      }
      if (!agenda.next()) throw new Error("the agenda is empty although jobs run");
    }
    if (this.violations.length === 0) this.coordinator.checkEnd();
  }

  startProcess(workerId: string, slots: number): void {
    const processId = `process-${++this.#processCount}`;
    const process = new Process(this, workerId, processId, slots);
    this.processes.push(process);
    process.connect();
  }

  /** The process is gone at once; another one may come back under its name, sooner or later. */
  kill(process: Process): void {
    if (!process.isAlive) return;
    process.die();
    const isCalm = this.agenda.nowMs >= this.settings.calmAtMs;
    if (!isCalm && this.dice.chance(0.2)) return;
    const delayMs = this.dice.pick([1, 500, 4_000]) * this.dice.between(1, 2);
    this.agenda.after(delayMs, () => this.startProcess(process.workerId, process.slots));
  }

  openLink(): Link {
    return new Link(this.agenda, this.dice, this.settings.delayMs);
  }

  /** @returns why the run cannot be had, or null when it can */
  fetch(
    address: string,
    jobId: string,
    map: number,
    attempt: number,
  ): "missing" | "corrupt" | "unreachable" | null {
    const holder = this.processes.find((process) => process.address === address);
    if (holder === undefined || !holder.isAlive || holder.isFrozen) return "unreachable";
    const name = `${jobId}/${map}/${attempt}`;
    if (!holder.runs.has(name)) return "missing";
    const mayBreak = this.agenda.nowMs < this.settings.calmAtMs;
    if (!mayBreak || !this.dice.chance(this.settings.corruptChance)) return null;
    holder.runs.delete(name);
    return "corrupt";
  }

  /** How an attempt ends. */
  outcome(ref: AttemptRef): "done" | "kill" | Failure {
    const job = this.jobOf(ref);
    if (ref.stage === "map" && ref.taskIndex === job.killerIndex) return "kill";
    if (this.dice.chance(job.userFailureChance)) {
      return failureOf("user", this.dice.chance(0.02));
    }
    if (this.dice.chance(this.settings.infrastructureFailureChance)) {
      return failureOf("infrastructure");
    }
    return "done";
  }

  jobOf(ref: { readonly jobId: string }): SimJob {
    const find = (jobId: string | null) => this.settings.jobs.find((each) => each.jobId === jobId);
    const job = find(ref.jobId);
    if (job !== undefined) return job;
    const chain = find(chainIdOf(ref.jobId));
    if (chain === undefined) throw new Error(`no such job: ${ref.jobId}`);
    return runOf(chain, ref.jobId);
  }

  violation(checker: string, detail: string): void {
    this.violations.push({ checker, detail, atMs: this.agenda.nowMs });
  }

  #scheduleJob(job: SimJob): void {
    const { jobId, spec } = job;
    const { agenda, coordinator } = this;
    const persist = (feed: () => boolean): void => {
      if (!feed()) agenda.after(200, () => persist(feed));
    };
    agenda.at(job.submitAtMs, () =>
      persist(() =>
        coordinator.feed({ type: "job-submitted", jobId, spec, output: `/out/${jobId}` }),
      ),
    );
    const { cancelAtMs } = job;
    if (cancelAtMs === null) return;
    agenda.at(job.submitAtMs + cancelAtMs, () =>
      persist(() => coordinator.feed({ type: "cancel-requested", jobId })),
    );
  }
}
