import { attemptKey } from "#shared/model/ids";
import { isFinal } from "#shared/model/job";
import { findJob } from "#master/schedule/views";
import type { CheckerFactory } from "./checker.js";

/** Nothing of an ended job goes on running, and an ended job never changes its status. */
export const endings: CheckerFactory = (ledger, report) => {
  const ended = new Map<string, string>();
  return {
    step(_observation, state) {
      for (const job of state.jobs.values()) {
        const before = ended.get(job.jobId);
        if (before !== undefined && before !== job.status) report(`${job.jobId} was ${before}`);
        if (!isFinal(job.status) || before !== undefined) continue;
        ended.set(job.jobId, job.status);
        for (const { ref } of ledger.running((attempt) => attempt.ref.jobId === job.jobId)) {
          report(`${attemptKey(ref)} was not cancelled when its job ended`);
        }
      }
    },

    atEnd(state) {
      for (const { jobId } of ledger.jobs.values()) {
        const job = findJob(state, jobId);
        if (job?.status === "failed" && job.failure === null) report(`${jobId} failed without why`);
      }
    },
  };
};
