import { attemptKey } from "#shared/model/ids";
import type { CheckerFactory } from "./checker.js";

/** A task that is done runs again only when it is a map whose run is gone and still needed. */
export const reruns: CheckerFactory = (ledger, report) => ({
  command(command) {
    if (command.type !== "launch-map" && command.type !== "launch-reduce") return;
    const { ref } = command;
    const key = attemptKey(ref);
    const task = ledger.task(ref);
    if (task.accepted === null) return;
    const partitionCount = ledger.jobs.get(ref.jobId)?.plan?.partitionCount ?? 0;
    if (ref.stage === "reduce" || partitionCount === 0) return report(`${key} although it is done`);
    const { workerId, incarnation } = task.accepted;
    const isThere = ledger.isPresent(workerId, incarnation);
    if (isThere && !task.isGivenUp) report(`${key} although ${workerId} has its run`);
    const done = ledger.tasksOf(ref.jobId, "reduce").filter((each) => each.accepted !== null);
    if (done.length === partitionCount) report(`${key} although every reduce is done`);
  },
});
