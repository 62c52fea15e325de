import type { Clock, Ids, Random, Timer, Timers } from "./clock.js";

/** A seeded generator (mulberry32): the same seed gives the same numbers on every machine. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

export function seededIds(random: Random): Ids {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  return {
    suffix: (length) =>
      Array.from({ length }, () => alphabet[Math.floor(random.next() * 36)] ?? "a").join(""),
  };
}

interface Due {
  atMs: number;
  order: number;
  readonly run: () => void;
  readonly periodMs: number | null;
  cancelled: boolean;
}

/** Time that stands still until a test advances it; timers due on the way run in order. */
export class SimulatedTime implements Clock, Timers {
  #nowMs: number;
  #order = 0;
  #due: Due[] = [];

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add(delayMs, run, null);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#add(periodMs, run, periodMs);
  }

  /** Moves the clock forward, running what falls due. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const next = this.#due
        .filter((due) => !due.cancelled && due.atMs <= untilMs)
        .toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((due) => due !== next && !due.cancelled);
      this.#nowMs = next.atMs;
      if (next.periodMs !== null) {
        next.atMs += next.periodMs;
        next.order = this.#order++;
        this.#due.push(next);
      }
      next.run();
    }
    this.#nowMs = untilMs;
  }

  #add(delayMs: number, run: () => void, periodMs: number | null): Timer {
    const due: Due = {
      atMs: this.#nowMs + delayMs,
      order: this.#order++,
      run,
      periodMs,
      cancelled: false,
    };
    this.#due.push(due);
    return {
      cancel: () => {
        due.cancelled = true;
      },
    };
  }
}
