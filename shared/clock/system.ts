import { randomInt } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Clock, Ids, Random, Timers } from "./clock.js";

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemTimers: Timers = {
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, run) {
    const handle = setInterval(run, periodMs);
    return { cancel: () => clearInterval(handle) };
  },
};

export const systemRandom: Random = { next: () => Math.random() };

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

export const systemIds: Ids = {
  suffix: (length) =>
    Array.from({ length }, () => alphabet[randomInt(alphabet.length)] ?? "a").join(""),
};
