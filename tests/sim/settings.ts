import type { JobSpec } from "#shared/model/job";
import type { JobPlan } from "#shared/model/split";
import { simPlan, simSpec, simSteps } from "./chain-jobs.js";
import { Dice } from "./dice.js";

export interface SimJob {
  readonly jobId: string;
  readonly spec: JobSpec;
  readonly plan: JobPlan;
  readonly submitAtMs: number;
  readonly cancelAtMs: number | null;
  readonly planFails: boolean;
  readonly commitFails: boolean;
  readonly forgets: boolean;
  readonly userFailureChance: number;
  /** A map task that ends its worker whenever it runs. */
  readonly killerIndex: number | null;
  /** How long attempts say that they ran: what may wait at a worker depends on it. */
  readonly reportedMs: number;
  /** Bounds of how long an attempt runs. */
  readonly attemptMs: readonly [number, number];
}

/** Everything that differs from seed to seed. */
export interface Settings {
  readonly seed: number;
  readonly slots: readonly number[];
  readonly jobs: readonly SimJob[];
  /** Mean time between mishaps of one worker; null: none happens. */
  readonly mishapMs: number | null;
  readonly crashesAtMs: readonly number[];
  readonly delayMs: readonly [number, number];
  readonly duplicateChance: number;
  readonly infrastructureFailureChance: number;
  readonly corruptChance: number;
  readonly leaseMs: number;
  /** No mishap begins after this, so that every job can end. */
  readonly calmAtMs: number;
  readonly stuckAtMs: number;
}

export function settingsOf(seed: number): Settings {
  const dice = new Dice(seed);
  const isCalm = dice.chance(0.15);
  return {
    seed,
    slots: Array.from({ length: dice.between(1, 5) }, () => dice.between(1, 3)),
    jobs: Array.from({ length: dice.between(1, 4) }, (_, index) => simJob(dice, index)),
    mishapMs: isCalm ? null : dice.pick([1_000, 3_000, 10_000]),
    crashesAtMs: Array.from({ length: dice.between(0, 2) }, () => dice.between(100, 14_000)),
    delayMs: dice.pick([
      [0, 5],
      [1, 60],
      [1, 700],
    ]),
    duplicateChance: dice.pick([0, 0.05, 0.3]),
    infrastructureFailureChance: dice.pick([0, 0, 0.04]),
    corruptChance: dice.pick([0, 0, 0.02]),
    leaseMs: 2_500,
    calmAtMs: 15_000,
    stuckAtMs: 900_000,
  };
}

function simJob(dice: Dice, index: number): SimJob {
  const mapCount = dice.chance(0.05) ? 0 : dice.between(1, dice.pick([6, 20]));
  const partitionCount = dice.chance(0.25) ? 0 : dice.between(1, 6);
  const slowest = dice.pick([200, 1_500, 4_000]);
  return {
    jobId: `job${index}-20260102-030405-aaa${index}`,
    spec: simSpec({
      name: `job${index}`,
      hasReducer: partitionCount > 0,
      attemptsMax: dice.between(1, 4),
      lossesMax: dice.between(3, 12),
      ...(dice.chance(0.15) ? simSteps(dice) : {}),
    }),
    plan: simPlan(mapCount, partitionCount),
    submitAtMs: dice.between(0, 6_000),
    cancelAtMs: dice.chance(0.12) ? dice.between(0, 9_000) : null,
    planFails: dice.chance(0.02),
    commitFails: dice.chance(0.03),
    forgets: dice.chance(0.2),
    userFailureChance: dice.pick([0, 0, 0.03, 0.2]),
    killerIndex: dice.chance(0.05) && mapCount > 0 ? dice.between(0, mapCount - 1) : null,
    reportedMs: dice.pick([1, 30, 1_000, 1_000]),
    attemptMs: [dice.between(1, 50), slowest],
  };
}
