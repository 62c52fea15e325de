import { step as realStep } from "#master/schedule/step";
import type { Step } from "./coordinator.js";
import { settingsOf } from "./settings.js";
import { World, type Violation } from "./world.js";

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly eventCount: number;
  readonly statuses: readonly string[];
  /** Of jobs with steps alone. */
  readonly chainStatuses: readonly string[];
  /** Lines of the run: each event, and the commands that answered it. */
  trace(): string[];
}

export function runSeed(seed: number, step: Step = realStep): Outcome {
  const world = new World(settingsOf(seed), step);
  try {
    world.run();
  } catch (error) {
    world.violation("exception", error instanceof Error ? (error.stack ?? error.message) : "");
  }
  const { coordinator, violations } = world;
  const jobs = [...coordinator.state.jobs.values()];
  return {
    seed,
    violations,
    eventCount: coordinator.journal.length,
    statuses: jobs.map((job) => job.status),
    chainStatuses: jobs.filter((job) => job.chain !== null).map((job) => job.status),
    trace: () =>
      coordinator.journal.flatMap(({ event, nowMs, commands }) => [
        `${String(nowMs).padStart(7)} ${line(event)}`,
        ...commands.map((command) => `        -> ${line(command)}`),
      ]),
  };
}

/** What a person needs who sees this seed fail: what is wrong, how to repeat it, and the end of it. */
export function explain(outcome: Outcome): string {
  const found = outcome.violations.map(
    ({ checker, detail, atMs }) => `${atMs} ms ${checker}: ${detail}`,
  );
  return [
    `seed ${outcome.seed} breaks ${found.length} rules; repeat with:`,
    `  npm run sim -- --seed ${outcome.seed} --trace`,
    ...found.slice(0, 10),
    "the run ended with:",
    ...outcome.trace().slice(-40),
  ].join("\n");
}

function line(thing: { readonly type: string }): string {
  const { type, ...rest } = thing;
  const text = JSON.stringify(rest);
  return `${type} ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`;
}
