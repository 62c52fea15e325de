import { runningCount, launchableStage } from "#master/schedule/assign";
import type { CheckerFactory } from "./checker.js";

/**
 * No job gets a slot while another one that could use it runs fewer attempts. Jobs only grow while
 * slots are handed out, so what still waits after the step could have had each of them.
 */
export const fairShare: CheckerFactory = (_ledger, report) => ({
  step({ commands }, state) {
    const launched = new Set<string>();
    for (const command of commands) {
      if (command.type === "cancel-attempt" && command.reason.startsWith("preempted")) return;
      if (command.type !== "launch-map" && command.type !== "launch-reduce") continue;
      launched.add(command.ref.jobId);
    }
    for (const jobId of launched) {
      const job = state.jobs.get(jobId);
      if (job === undefined) continue;
      for (const other of state.active) {
        if (other === job || launchableStage(other) === null) continue;
        if (runningCount(other) < runningCount(job) - 1) {
          report(`${jobId} runs ${runningCount(job)}, ${other.jobId} only ${runningCount(other)}`);
        }
      }
    }
  },
});
