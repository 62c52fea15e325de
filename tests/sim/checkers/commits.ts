import { attemptKey, attemptName } from "#shared/model/ids";
import { isChain } from "#master/schedule/links";
import { findJob, winningParts } from "#master/schedule/views";
import type { CheckerFactory } from "./checker.js";

/** A task that writes output has one accepted attempt ever, and the commit takes exactly these parts. */
export const commits: CheckerFactory = (ledger, report) => ({
  command(command, { event }) {
    if (command.type !== "answer-report" || !command.accepted) return;
    if (event.type !== "attempt-done") return;
    const { ref } = command;
    const task = ledger.task(ref);
    const isRepeated = task.accepted !== null && attemptKey(task.accepted.ref) === attemptKey(ref);
    if (task.accepted === null || isRepeated) return;
    const job = ledger.jobs.get(ref.jobId);
    const writesOutput = ref.stage === "reduce" || job?.plan?.partitionCount === 0;
    if (writesOutput) report(`${attemptKey(ref)} accepted after ${attemptKey(task.accepted.ref)}`);
  },

  step({ commands, event }, state) {
    for (const command of commands) {
      if (command.type !== "commit-job") continue;
      const job = ledger.jobs.get(command.jobId);
      if (job === undefined) return report(`${command.jobId} is committed but was never submitted`);
      if (isChain(job.spec)) continue;
      const mayRepeat = event.type === "coordinator-started";
      if (job.commitCount > 1 && !mayRepeat) report(`${job.jobId} is committed twice`);
      const stage = job.plan?.partitionCount === 0 ? "map" : "reduce";
      const count = stage === "map" ? job.plan?.splits.length : job.plan?.partitionCount;
      const expected = ledger
        .tasksOf(job.jobId, stage)
        .filter((task) => task.accepted !== null)
        .toSorted((a, b) => a.ref.taskIndex - b.ref.taskIndex)
        .map((task) => attemptName(task.accepted?.ref ?? { ...task.ref, attempt: 0 }));
      if (expected.length !== count) report(`${job.jobId} is committed with tasks not done`);
      const parts = winningParts(state, job.jobId).map((part) => part.location);
      if (parts.join() !== expected.join()) report(`${job.jobId} commits ${parts.join()}`);
    }
  },

  atEnd(state) {
    for (const { jobId, commitCount } of ledger.jobs.values()) {
      const status = findJob(state, jobId)?.status;
      if (status === "succeeded" && commitCount === 0) report(`${jobId} succeeded uncommitted`);
    }
  },
});
