import { bindAhead, recall } from "./ahead.js";
import { assign } from "./assign.js";
import { attemptDone, attemptFailed, attemptReturned } from "./attempts.js";
import { advanceChains } from "./chains.js";
import type { Command } from "./commands.js";
import type { Context } from "./context.js";
import type { Event } from "./events.js";
import { commitDone, commitFailed } from "./finish.js";
import {
  cancelRequested,
  coordinatorStarted,
  jobForgotten,
  jobPlanned,
  jobSubmitted,
  planFailed,
} from "./jobs.js";
import { preempt } from "./preempt.js";
import { retryDue } from "./retry.js";
import { runUnreachable } from "./runs.js";
import type { State } from "./state.js";
import {
  releaseIdle,
  workerDisconnected,
  workerDraining,
  workerLost,
  workerRegistered,
} from "./workers.js";

/**
 * The coordinator's state machine: mutates the state it owns and says what to do. The same state,
 * event and instant give the same commands and the same next state, so a journal of events can be
 * replayed. Commands are to be performed in order.
 */
export function step(state: State, event: Event, nowMs: number): Command[] {
  const context: Context = {
    state,
    nowMs,
    commands: [],
    needing: new Set(),
    endedRuns: [],
    touched: new Set(),
    emptied: new Set(),
  };
  apply(context, event);
  advanceChains(context);
  assign(context);
  bindAhead(context);
  for (const job of context.needing) preempt(context, job);
  recall(context);
  releaseIdle(context);
  return context.commands;
}

function apply(context: Context, event: Event): void {
  switch (event.type) {
    case "job-submitted":
      return jobSubmitted(context, event);
    case "job-planned":
      return jobPlanned(context, event);
    case "plan-failed":
      return planFailed(context, event);
    case "worker-registered":
      return workerRegistered(context, event);
    case "worker-lost":
      return workerLost(context, event);
    case "worker-disconnected":
      return workerDisconnected(context, event);
    case "worker-draining":
      return workerDraining(context, event);
    case "attempt-done":
      return attemptDone(context, event);
    case "attempt-failed":
      return attemptFailed(context, event);
    case "attempt-returned":
      return attemptReturned(context, event);
    case "run-unreachable":
      return runUnreachable(context, event);
    case "retry-due":
      return retryDue(context, event);
    case "cancel-requested":
      return cancelRequested(context, event);
    case "commit-done":
      return commitDone(context, event);
    case "commit-failed":
      return commitFailed(context, event);
    case "job-forgotten":
      return jobForgotten(context, event);
    case "coordinator-started":
      return coordinatorStarted(context);
  }
}
