import { attemptKey } from "#shared/model/ids";
import type { CheckerFactory } from "./checker.js";

/** Attempts of a task are numbered one after another, and one at a time runs. */
export const launches: CheckerFactory = (ledger, report) => ({
  command(command) {
    if (command.type !== "launch-map" && command.type !== "launch-reduce") return;
    const { ref } = command;
    const key = attemptKey(ref);
    const task = ledger.task(ref);
    if (ref.attempt !== task.launchCount + 1) report(`${key} follows ${task.launchCount} launches`);
    const others = ledger.running(
      (attempt) =>
        attempt.ref.jobId === ref.jobId &&
        attempt.ref.stage === ref.stage &&
        attempt.ref.taskIndex === ref.taskIndex,
    );
    if (others.length > 0) report(`${key} while another attempt of it runs`);
    const job = ledger.jobs.get(ref.jobId);
    if (job === undefined || job.hasEnded || job.commitCount > 0) report(`${key} of an ended job`);
  },
});
