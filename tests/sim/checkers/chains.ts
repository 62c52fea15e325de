import { findJob } from "#master/schedule/views";
import { isChain, stepsOfChain } from "#master/schedule/links";
import { isFinal } from "#shared/model/job";
import { chainIdOf, runNameOf } from "../chain-jobs.js";
import type { LedgerJob } from "../ledger.js";
import type { CheckerFactory } from "./checker.js";

/**
 * Of a job with steps one run goes at a time, each after the one before was committed; nothing of it
 * outlives it; it is committed after its last run; and what a run reads is there.
 */
export const chains: CheckerFactory = (ledger, report) => {
  const removed = new Set<string>();
  const runsOf = (chainId: string): LedgerJob[] =>
    [...ledger.jobs.values()].filter(({ jobId }) => chainIdOf(jobId) === chainId);

  return {
    command(command, { event }) {
      if (command.type === "remove-output") removed.add(command.output);
      if (command.type === "plan-job") {
        const chainId = chainIdOf(command.jobId);
        if (chainId === null || ledger.jobs.has(command.jobId)) return;
        if (ledger.jobs.get(chainId)?.hasEnded) report(`${command.jobId} begins after its chain`);
        for (const { jobId, isCommitted } of runsOf(chainId)) {
          if (!isCommitted) report(`${command.jobId} begins before ${jobId} was committed`);
        }
      }
      if (command.type === "clean-job") {
        for (const { jobId, hasEnded } of runsOf(command.jobId)) {
          if (!hasEnded) report(`${jobId} outlives its chain`);
        }
      }
      if (command.type !== "commit-job") return;
      const job = ledger.jobs.get(command.jobId);
      if (job === undefined || !isChain(job.spec)) return;
      if (job.commitCount > 0 && event.type !== "coordinator-started") {
        report(`${job.jobId} is committed twice`);
      }
      const last = runsOf(job.jobId).at(-1);
      if (last?.isCommitted !== true) report(`${job.jobId} is committed before its last run`);
      if (last !== undefined && !isLastRun(job, last)) {
        report(`${job.jobId} is committed after ${last.jobId}`);
      }
    },

    step(_observation, state) {
      for (const { jobId, spec, status } of state.jobs.values()) {
        if (spec.stepRun === undefined || isFinal(status)) continue;
        const read = [...(spec.sources ?? []), ...(spec.sides ?? [])].flatMap(
          (each) => each.inputs,
        );
        if (spec.totalOrder === true) read.push(`${spec.output}.sample`);
        const gone = read.find((location) => removed.has(location));
        if (gone !== undefined) report(`${jobId} reads ${gone}, which was removed`);
        if (spec.stepRun.round > 5) report(`${jobId} is a round too many`);
      }
    },

    atEnd(state) {
      for (const { jobId, spec } of ledger.jobs.values()) {
        if (!isChain(spec) || findJob(state, jobId)?.status !== "succeeded") continue;
        if (runsOf(jobId).at(-1)?.isCommitted !== true)
          report(`${jobId} succeeded without its runs`);
      }
    },
  };
};

function isLastRun({ spec }: LedgerJob, { jobId }: LedgerJob): boolean {
  const last = stepsOfChain(spec).at(-1);
  const [name, ...rest] = runNameOf(jobId).split(".");
  if (name !== last?.name) return false;
  return last?.repeat === undefined ? rest.length === 0 : rest.at(-1) === "copy";
}
