import { attemptKey } from "#shared/model/ids";
import type { CheckerFactory } from "./checker.js";

/** Lost is not failed: the two are counted apart, and a job fails for neither too early. */
export const blame: CheckerFactory = (ledger, report) => ({
  step(_observation, state) {
    for (const job of state.jobs.values()) {
      // A chain fails by one of its runs.
      if (job.status === "failed" && job.failure?.stage && !job.chain) checkFailedJob(job.jobId);
      for (const stage of [job.maps, job.reduces]) {
        for (const task of stage.tasks) {
          if (task === undefined) continue;
          const ref = { jobId: job.jobId, stage: stage.stage, taskIndex: task.index };
          const seen = ledger.task(ref);
          const name = attemptKey({ ...ref, attempt: 0 });
          if (seen.userFailures !== task.failureCount) report(`${name}: failures counted wrong`);
          if (job.status === "running" && seen.losses !== task.lossCount) {
            report(`${name}: losses counted wrong`);
          }
        }
      }
    }

    function checkFailedJob(jobId: string): void {
      const failure = state.jobs.get(jobId)?.failure;
      const job = ledger.jobs.get(jobId);
      if (!failure || !job || failure.stage === null || failure.taskIndex === null) return;
      const task = ledger.task({ jobId, stage: failure.stage, taskIndex: failure.taskIndex });
      const { attemptsMax, lossesMax } = job.spec;
      const isEnough =
        task.permanentFailure ||
        task.userFailures >= attemptsMax ||
        task.losses > lossesMax ||
        failure.failure.code === "MR_RUN_UNREACHABLE";
      if (!isEnough) {
        report(`${jobId} failed after ${task.userFailures} failures and ${task.losses} losses`);
      }
    }
  },
});
