import { addCounters, type Counters } from "#shared/model/result";
import { jobCounters } from "#master/schedule/views";
import { chainIdOf, runNameOf } from "../chain-jobs.js";
import type { CheckerFactory } from "./checker.js";

/**
 * When a job commits, its counters are the sums over the attempts that were accepted last, of all its runs
 * but those that only take a sample.
 */
export const counters: CheckerFactory = (ledger, report) => ({
  step({ commands }, state) {
    for (const command of commands) {
      if (command.type !== "commit-job") continue;
      const { jobId } = command;
      const expected: Counters = {};
      const runs = [...ledger.jobs.keys()].filter(
        (each) => chainIdOf(each) === jobId && !runNameOf(each).endsWith(".sample"),
      );
      for (const each of [jobId, ...runs]) addCounted(expected, each);
      const counted = jobCounters(state, jobId);
      if (sorted(counted) !== sorted(expected)) {
        report(`${jobId} counts ${sorted(counted)} instead of ${sorted(expected)}`);
      }
    }

    function addCounted(into: Counters, jobId: string): void {
      for (const stage of ["map", "reduce"] as const) {
        for (const { accepted } of ledger.tasksOf(jobId, stage)) {
          if (accepted?.result) addCounters(into, accepted.result.counters);
        }
      }
    }
  },
});

function sorted(sums: Counters): string {
  return JSON.stringify(Object.entries(sums).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
