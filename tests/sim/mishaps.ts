import type { Process } from "./process.js";
import type { World } from "./world.js";

/** Faults that befall one worker process. */
const mishaps: Record<string, (world: World, process: Process) => void> = {
  crash: (world, process) => world.kill(process),

  /** Longer than its lease: it is lost meanwhile, and wakes with results that nobody wants. */
  freezeLong: (world, process) =>
    process.freeze(world.settings.leaseMs + world.dice.between(500, 6_000)),

  freezeShort: (world, process) => process.freeze(world.dice.between(100, 2_000)),

  /** Both ends notice sooner or later; the coordinator may learn it only by the new connection. */
  disconnect: (world, process) => {
    const { link } = process;
    if (!link?.isOpen) return;
    link.isOpen = false;
    if (world.dice.chance(0.5)) world.coordinator.linkBroke(process);
    world.agenda.after(world.dice.between(1, 4_000), () => process.disconnected());
  },

  /** A second process under the name of one that still runs; the first one is turned away. */
  twin: (world, process) => {
    world.startProcess(process.workerId, process.slots);
    world.agenda.after(world.dice.between(100, 3_000), () => process.die());
  },

  drain: (_world, process) => process.drain(),
};

const likelihood: readonly [string, ...string[]] = [
  "crash",
  "crash",
  "crash",
  "freezeLong",
  "freezeLong",
  "freezeShort",
  "disconnect",
  "disconnect",
  "disconnect",
  "twin",
  "drain",
];

/** Picks a victim again and again until the calm. */
export function scheduleMishaps(world: World): void {
  const { agenda, dice, settings } = world;
  const { mishapMs } = settings;
  if (mishapMs === null) return;
  const eachMs = mishapMs / settings.slots.length;
  const happen = (): void => {
    if (agenda.nowMs >= settings.calmAtMs) return;
    const candidates = world.processes.filter((process) => process.isAlive && !process.isFrozen);
    const victim = candidates[dice.between(0, Math.max(0, candidates.length - 1))];
    const mishap = mishaps[dice.pick(likelihood)];
    if (victim !== undefined) mishap?.(world, victim);
    agenda.after(dice.between(1, 2 * eachMs), happen);
  };
  agenda.after(dice.between(1, 2 * eachMs), happen);
}
