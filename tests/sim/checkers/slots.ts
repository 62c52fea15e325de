import { attemptKey } from "#shared/model/ids";
import { limits } from "#shared/model/limits";
import type { CheckerFactory } from "./checker.js";

/**
 * Launches go only to present workers, and never more than they have slots; beyond these only first
 * attempts of maps wait, and only behind such.
 */
export const slots: CheckerFactory = (ledger, report) => ({
  command(command) {
    if (command.type !== "launch-map" && command.type !== "launch-reduce") return;
    const { workerId, incarnation, ref } = command;
    const name = `${attemptKey(ref)} on ${workerId}`;
    if (!ledger.isPresent(workerId, incarnation)) return report(`${name}, which is not there`);
    const running = ledger.running((attempt) => attempt.workerId === workerId);
    const slotCount = ledger.workers.get(workerId)?.slots ?? 0;
    const mayWait = [...running, { ref }].every(
      (each) => each.ref.stage === "map" && each.ref.attempt === 1,
    );
    const most = mayWait ? slotCount * (1 + limits.attemptsAheadMax) : slotCount;
    if (running.length < most) return;
    report(`${name}, where ${running.length} run on ${slotCount} slots`);
  },
});
