import { attemptKey } from "#shared/model/ids";
import type { CheckerFactory } from "./checker.js";

/** Launches go only to present workers, and never more than they have slots. */
export const slots: CheckerFactory = (ledger, report) => ({
  command(command) {
    if (command.type !== "launch-map" && command.type !== "launch-reduce") return;
    const { workerId, incarnation, ref } = command;
    const name = `${attemptKey(ref)} on ${workerId}`;
    if (!ledger.isPresent(workerId, incarnation)) return report(`${name}, which is not there`);
    const running = ledger.running((attempt) => attempt.workerId === workerId).length;
    const slotCount = ledger.workers.get(workerId)?.slots ?? 0;
    if (running >= slotCount) report(`${name}, where ${running} run on ${slotCount} slots`);
  },
});
