import type { Agenda } from "./agenda.js";
import type { Dice } from "./dice.js";

/** One connection between a worker process and the coordinator; keeps the order in each direction. */
export class Link {
  isOpen = true;
  #lastToMasterMs = 0;
  #lastToWorkerMs = 0;

  constructor(
    private readonly agenda: Agenda,
    private readonly dice: Dice,
    private readonly delayMs: readonly [number, number],
  ) {}

  /** What was under way when the connection broke is lost, or comes late. */
  toMaster(deliver: () => void): void {
    if (!this.isOpen) return;
    this.#lastToMasterMs = this.#arrival(this.#lastToMasterMs);
    this.agenda.at(this.#lastToMasterMs, () => {
      if (this.isOpen) deliver();
      else if (this.dice.chance(0.5)) this.agenda.after(this.dice.between(0, 3_000), deliver);
    });
  }

  toWorker(deliver: () => void): void {
    if (!this.isOpen) return;
    this.#lastToWorkerMs = this.#arrival(this.#lastToWorkerMs);
    this.agenda.at(this.#lastToWorkerMs, () => {
      if (this.isOpen) deliver();
    });
  }

  #arrival(lastMs: number): number {
    return Math.max(lastMs, this.agenda.nowMs + this.dice.between(...this.delayMs));
  }
}
