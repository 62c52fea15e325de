import { attemptKey } from "#shared/model/ids";
import type { CheckerFactory } from "./checker.js";

/**
 * A report is accepted from the attempt that runs there, or again when it was accepted before; and
 * each report is answered, so that workers do not repeat it for ever.
 */
export const fence: CheckerFactory = (ledger, report) => ({
  command(command, { event }) {
    if (command.type !== "answer-report") return;
    if (event.type !== "attempt-done" && event.type !== "attempt-failed") {
      return report(`a report is answered, but the event is ${event.type}`);
    }
    const key = attemptKey(event.ref);
    if (attemptKey(command.ref) !== key) return report(`${key} reported, another one is answered`);
    const attempt = ledger.attempts.get(key);
    const isPresent = ledger.isPresent(event.workerId, event.incarnation);
    const isTheirs =
      attempt?.workerId === event.workerId && attempt.incarnation === event.incarnation;
    const heardAs = event.type === "attempt-done" ? "accepted" : "failed";
    const isHeard = attempt?.status === "running" || attempt?.status === heardAs;
    const isForgotten = !ledger.jobs.has(event.ref.jobId);
    const mayAccept = isPresent && isTheirs && isHeard && !isForgotten;
    if (command.accepted && !mayAccept) {
      report(`${key} of ${event.workerId}, incarnation ${event.incarnation}, accepted`);
    }
    if (!command.accepted && mayAccept && attempt.status === "running") report(`${key} refused`);
  },

  step({ event, commands }) {
    if (event.type !== "attempt-done" && event.type !== "attempt-failed") return;
    const answers = commands.filter((command) => command.type === "answer-report");
    if (answers.length !== 1) report(`${attemptKey(event.ref)} has ${answers.length} answers`);
  },
});
