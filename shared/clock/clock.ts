/** Where time and chance come from; nothing else in the code asks the system for them. */
export interface Clock {
  /** UTC milliseconds since 1970. May jump; never used for durations. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start that never go back. */
  monotonicMs(): number;
}

export interface Timer {
  cancel(): void;
}

export interface Timers {
  after(delayMs: number, run: () => void): Timer;
  every(periodMs: number, run: () => void): Timer;
}

export interface Random {
  /** Uniform in `[0, 1)`. */
  next(): number;
}

export interface Ids {
  /** `length` characters of `[a-z0-9]`. */
  suffix(length: number): string;
}
