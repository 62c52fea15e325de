import { addCounters } from "#shared/model/result";
import type { Command } from "#master/schedule/commands";
import type { Event } from "#master/schedule/events";
import { step } from "#master/schedule/step";
import type { Job, State, Task } from "#master/schedule/state";
import { makePending } from "#master/schedule/tasks";
import type { Step } from "./coordinator.js";

export interface Mutant {
  readonly bug: string;
  readonly step: Step;
  /** The checkers of which one must find it. */
  readonly killers: readonly string[];
}

/** Bugs that someone could write, planted around the real step, to see that checkers find them. */
export const mutants: readonly Mutant[] = [
  {
    bug: "a late report is accepted although its worker was lost or registered anew",
    killers: ["fence"],
    step: (state, event, nowMs) => {
      const commands = step(state, event, nowMs);
      if (event.type !== "attempt-done") return commands;
      const attempt = taskOf(state, event.ref)?.attempts[event.ref.attempt - 1];
      if (attempt?.workerId !== event.workerId) return commands;
      return commands.map((command) =>
        command.type === "answer-report" ? { ...command, accepted: true } : command,
      );
    },
  },
  {
    bug: "a report of an older attempt counts for the one that runs now",
    killers: ["fence"],
    step: (state, event, nowMs) => {
      if (event.type !== "attempt-done") return step(state, event, nowMs);
      const present = taskOf(state, event.ref)?.attempts.at(-1);
      if (present?.state !== "running") return step(state, event, nowMs);
      const { workerId, incarnation, ref } = present;
      return step(state, { ...event, workerId, incarnation, ref }, nowMs);
    },
  },
  {
    bug: "a lost attempt is blamed on the user's code",
    killers: ["blame"],
    step: (state, event, nowMs) => {
      const worker = event.type === "worker-lost" ? state.workers.get(event.workerId) : undefined;
      for (const { ref } of worker?.running.values() ?? []) {
        const task = taskOf(state, ref);
        if (task !== undefined) task.failureCount++;
      }
      return step(state, event, nowMs);
    },
  },
  {
    bug: "an attempt that waited at a lost worker counts as a loss of its task",
    killers: ["blame"],
    step: (state, event, nowMs) => {
      const worker = event.type === "worker-lost" ? state.workers.get(event.workerId) : undefined;
      for (const { ref } of [...(worker?.running.values() ?? [])].slice(worker?.slots ?? 0)) {
        const task = taskOf(state, ref);
        if (task !== undefined) task.lossCount++;
      }
      return step(state, event, nowMs);
    },
  },
  {
    bug: "a failure outside the user's code uses up an attempt",
    killers: ["blame"],
    step: (state, event, nowMs) => {
      if (event.type !== "attempt-failed") return step(state, event, nowMs);
      const failure = { ...event.failure, blame: "user" as const };
      return step(state, { ...event, failure }, nowMs);
    },
  },
  {
    bug: "finished maps stay done when the worker with their runs is lost",
    killers: ["invariants", "runs", "progress"],
    step: (state, event, nowMs) => {
      if (event.type === "worker-lost") state.workers.get(event.workerId)?.holds.clear();
      return step(state, event, nowMs);
    },
  },
  {
    bug: "every finished map of a job runs again when one worker is lost",
    killers: ["needless-rerun"],
    step: (state, event, nowMs) => {
      const commands = step(state, event, nowMs);
      if (event.type === "worker-lost") rerunAll(state, commands, nowMs);
      return commands;
    },
  },
  {
    bug: "a worker gets one attempt more than it has slots",
    killers: ["slots"],
    step: (state, event, nowMs) => {
      if (event.type !== "worker-registered") return step(state, event, nowMs);
      return step(state, { ...event, slots: event.slots + 1 }, nowMs);
    },
  },
  {
    bug: "attempts wait behind a reduce, which may wait for them",
    killers: ["slots"],
    step: (state, event, nowMs) => {
      for (const worker of state.workers.values()) worker.unusual = 0;
      return step(state, event, nowMs);
    },
  },
  {
    bug: "a recalled attempt runs elsewhere before its worker has given it back",
    killers: ["launch-once"],
    step: (state, event, nowMs) => {
      const commands = step(state, event, nowMs);
      const recalled = commands.find((command) => command.type === "recall-attempt");
      if (recalled === undefined) return commands;
      const { type: _type, ...returned } = recalled;
      return [...commands, ...step(state, { type: "attempt-returned", ...returned }, nowMs)].filter(
        (command) => command.type !== "recall-attempt",
      );
    },
  },
  {
    bug: "the timer of a retry is never set",
    killers: ["progress"],
    step: without("set-retry-timer"),
  },
  {
    bug: "running reduces are not told of runs that finish later",
    killers: ["runs"],
    step: without("announce-runs"),
  },
  {
    bug: "attempts of an ended job are left running",
    killers: ["ended-job", "slots"],
    step: without("cancel-attempt"),
  },
  {
    bug: "counters of attempts that did not win are added",
    killers: ["counters"],
    step: (state, event, nowMs) => {
      const commands = step(state, event, nowMs);
      const isRefused = commands.some((each) => each.type === "answer-report" && !each.accepted);
      if (event.type !== "attempt-done" || !isRefused) return commands;
      const job = state.jobs.get(event.ref.jobId);
      const counted = event.ref.stage === "map" ? job?.maps.tasks[0] : job?.reduces.tasks[0];
      const result = counted?.counted?.result;
      if (counted?.counted && result) {
        const counters = { ...result.counters };
        addCounters(counters, event.result.counters);
        counted.counted.result = { ...result, counters };
      }
      return commands;
    },
  },
  {
    bug: "the job that was submitted last gets every slot",
    killers: ["fair-share"],
    step: (state, event, nowMs) => {
      const last = [...state.active].toSorted((a, b) => b.order - a.order)[0];
      const others = [...state.active].filter((job) => job !== last);
      for (const job of others) state.active.delete(job);
      const commands = step(state, event, nowMs);
      for (const job of others) if (job.status === "running") state.active.add(job);
      return commands;
    },
  },
  {
    bug: "planning is not repeated after the coordinator crashed",
    killers: ["progress"],
    step: (state, event, nowMs) => {
      const commands = step(state, event, nowMs);
      return event.type === "coordinator-started" ? [] : commands;
    },
  },
  {
    bug: "the end of an older connection counts for the present one",
    killers: ["progress"],
    step: (state, event, nowMs) => {
      if (event.type !== "worker-disconnected") return step(state, event, nowMs);
      const { registration: _registration, ...rest } = event;
      return step(state, rest, nowMs);
    },
  },
  {
    bug: "the instant of a retry comes from dice",
    killers: ["recovery"],
    step: (state, event, nowMs) =>
      step(state, event, nowMs + (event.type === "attempt-failed" ? Math.random() : 0)),
  },
  {
    bug: "a task is committed twice",
    killers: ["one-commit"],
    step: (state, event, nowMs) => {
      const commands = step(state, event, nowMs);
      const commit = commands.find((command) => command.type === "commit-job");
      return commit === undefined ? commands : [...commands, commit, commit];
    },
  },
  {
    bug: "a job with steps is committed after its first run",
    killers: ["chain", "counters"],
    step: (state, event, nowMs) => {
      const chain = event.type === "commit-done" ? chainOf(state, event.jobId) : undefined;
      const commands = step(state, event, nowMs);
      if (chain?.status !== "running") return commands;
      return [...commands, { type: "commit-job", jobId: chain.jobId }];
    },
  },
  {
    bug: "a run of a chain goes on although its chain was cancelled",
    killers: ["chain", "invariants"],
    step: (state, event, nowMs) => {
      const job = event.type === "cancel-requested" ? state.jobs.get(event.jobId) : undefined;
      if (job?.chain?.children.length) job.chain.children.pop();
      return step(state, event, nowMs);
    },
  },
  {
    bug: "what the present run of a chain reads is removed",
    killers: ["chain"],
    step: (state, event, nowMs) => {
      const commands = step(state, event, nowMs);
      const planned = commands.find((command) => command.type === "plan-job");
      const inputs = state.jobs.get(planned?.jobId ?? "")?.spec.sources?.[0]?.inputs ?? [];
      const output = inputs.find((location) => location.includes("/_pending-"));
      if (planned === undefined || output === undefined) return commands;
      return [...commands, { type: "remove-output", jobId: planned.jobId, output }];
    },
  },
];

/** The chain that a job is a run of. */
function chainOf(state: State, jobId: string): Job | undefined {
  const chainId = state.jobs.get(jobId)?.spec.stepRun?.parentId;
  return chainId === undefined ? undefined : state.jobs.get(chainId);
}

function without(type: Command["type"]): Step {
  return (state: State, event: Event, nowMs: number) =>
    step(state, event, nowMs).filter((command) => command.type !== type);
}

function taskOf(
  state: State,
  ref: { jobId: string; stage: "map" | "reduce"; taskIndex: number },
): Task | undefined {
  const job = state.jobs.get(ref.jobId);
  return (ref.stage === "map" ? job?.maps : job?.reduces)?.tasks[ref.taskIndex];
}

function rerunAll(state: State, commands: Command[], nowMs: number): void {
  for (const job of state.active) {
    for (const task of job.maps.tasks) {
      if (task?.state !== "done" || task.winner === null || job.reduces.taskCount === 0) continue;
      state.workers.get(task.winner.workerId)?.holds.get(job.jobId)?.delete(task.index);
      task.winner = null;
      const context = {
        state,
        nowMs,
        commands,
        needing: new Set([job]),
        endedRuns: [],
        touched: new Set<never>(),
        emptied: new Set<never>(),
      };
      makePending(context, job, job.maps, task);
    }
  }
}
