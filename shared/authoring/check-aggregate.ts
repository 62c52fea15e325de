import type { AggregateSpec } from "./aggregates.js";
import { refuse } from "./refuse.js";

/** Checks the options of an aggregate. @throws MR_JOB_INVALID */
export function checkAggregate(path: string, aggregate: AggregateSpec): void {
  switch (aggregate.name) {
    case "topK":
    case "collect":
      checkLimit(`${path}.limit`, aggregate.limit);
      return;
    case "histogram":
      checkBounds(`${path}.bounds`, aggregate.bounds);
      return;
    case "all":
      if (aggregate.parts.length === 0 || aggregate.parts.length > 16) {
        refuse(`${path}.parts`, aggregate.parts.length, "1 to 16 aggregates of numbers");
      }
      return;
    default:
  }
}

function checkLimit(path: string, limit: unknown): void {
  if (Number.isInteger(limit) && Number(limit) >= 1 && Number(limit) <= 100_000) return;
  refuse(path, limit, "a whole number from 1 to 100,000");
}

function checkBounds(path: string, bounds: readonly number[]): void {
  const allowed = "1 to 1,000 numbers, ascending";
  if (!Array.isArray(bounds) || bounds.length === 0 || bounds.length > 1000) {
    refuse(path, bounds, allowed);
  }
  bounds.forEach((bound: unknown, index) => {
    const before = index === 0 ? -Infinity : bounds[index - 1];
    if (typeof bound !== "number" || !(bound > Number(before))) {
      refuse(`${path}[${index}]`, bound, allowed);
    }
  });
}
