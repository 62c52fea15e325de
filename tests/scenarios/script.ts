import { attemptName, type AttemptRef, type Stage } from "#shared/model/ids";
import { jobSpecSchema, type JobSubmission } from "#shared/model/job";
import type { AttemptResult, Failure, RunSet } from "#shared/model/result";
import type { Command } from "#master/schedule/commands";
import type { Event } from "#master/schedule/events";
import { brokenInvariants } from "#master/schedule/invariants";
import { step } from "#master/schedule/step";
import { createState, type State } from "#master/schedule/state";

/** Plays events and shows the commands as lines, so that a scenario reads like a conversation. */
export class Script {
  state: State = createState();
  nowMs = 0;

  feed(event: Event): string[] {
    const commands = step(this.state, event, this.nowMs);
    const broken = brokenInvariants(this.state);
    if (broken.length > 0) throw new Error(`after ${event.type}: ${broken.join("; ")}`);
    return commands.map(line);
  }

  /** A worker process registers; its process id is its name and a number. */
  worker(
    workerId: string,
    slots: number,
    fields: Partial<Extract<Event, { type: "worker-registered" }>> = {},
  ): string[] {
    return this.feed({
      type: "worker-registered",
      workerId,
      processId: `${workerId}-process`,
      resume: null,
      slots,
      slotMemoryBytes: 1,
      runAddress: `http://${workerId}`,
      version: "1",
      attempts: [],
      ...fields,
    });
  }

  /** Submits and plans a job of so many tasks. */
  job(
    jobId: string,
    mapCount: number,
    partitionCount: number,
    fields: Partial<JobSubmission> = {},
  ): string[] {
    const submitted = this.submit(jobId, { hasReducer: partitionCount > 0, ...fields });
    return [...submitted, ...this.planned(jobId, mapCount, partitionCount)];
  }

  submit(jobId: string, fields: Partial<JobSubmission> = {}): string[] {
    const spec = jobSpecSchema.parse({
      name: jobId,
      bundleSha256: "0".repeat(64),
      inputs: ["/in"],
      reader: { kind: "text" },
      writer: { kind: "tsv" },
      hasReducer: true,
      ...fields,
    });
    return this.feed({ type: "job-submitted", jobId, spec, output: `/out/${jobId}` });
  }

  planned(jobId: string, mapCount: number, partitionCount: number): string[] {
    const range = { location: "/in", startByte: 0, endByte: 1, fileBytes: 1, version: "1" };
    const splits = Array.from({ length: mapCount }, () => ({ ranges: [range] }));
    const plan = { splits, partitionCount, inputBytes: mapCount, fileCount: 1, reasons: [] };
    return this.feed({ type: "job-planned", jobId, plan });
  }

  committed(jobId: string): string[] {
    const summary = { output: "/out", partCount: 0, records: 0, bytes: 0 };
    return this.feed({ type: "commit-done", jobId, summary });
  }

  done(name: string, from: string, result: Partial<AttemptResult> = {}): string[] {
    const ref = refOf(name);
    const hasReducer = (this.state.jobs.get(ref.jobId)?.reduces.taskCount ?? 0) > 0;
    const hasRun = ref.stage === "map" && hasReducer;
    const part = { location: attemptName(ref), records: 1, bytes: 1, sha256: "0".repeat(64) };
    const all = { counters: {}, hasRun, parts: hasRun ? [] : [part], durationMs: 1, ...result };
    return this.feed({ type: "attempt-done", ref, result: all, ...identity(from) });
  }

  failed(name: string, from: string, fields: Partial<Failure> = {}): string[] {
    const failure: Failure = {
      code: "MR_USER_CODE_FAILED",
      message: "no luck",
      blame: "user",
      userFrame: null,
      stack: null,
      place: null,
      logTail: [],
      permanent: false,
      ...fields,
    };
    return this.feed({ type: "attempt-failed", ref: refOf(name), failure, ...identity(from) });
  }

  lost(worker: string, reason = "its lease ended"): string[] {
    return this.feed({ type: "worker-lost", reason, ...identity(worker) });
  }

  /** A reduce attempt could not fetch the run `map.attempt`. */
  unreachable(
    name: string,
    from: string,
    run: string,
    reason: "missing" | "corrupt" | "unreachable",
  ): string[] {
    const [mapTaskIndex = 0, mapAttempt = 0] = run.split(".").map(Number);
    return this.feed({
      type: "run-unreachable",
      ref: refOf(name),
      holderId: "any",
      mapTaskIndex,
      mapAttempt,
      reason,
      ...identity(from),
    });
  }
}

/** `a/map-0.1`: job, stage, task and attempt. */
export function refOf(name: string): AttemptRef {
  const [, jobId = "", stage = "", taskIndex = "", attempt = ""] =
    /^(.+)\/(map|reduce)-(\d+)\.(\d+)$/.exec(name) ?? [];
  return { jobId, stage: stage as Stage, taskIndex: Number(taskIndex), attempt: Number(attempt) };
}

/** `w1#2`: worker and incarnation. */
function identity(text: string): { workerId: string; incarnation: number } {
  const [workerId = "", incarnation = "0"] = text.split("#");
  return { workerId, incarnation: Number(incarnation) };
}

function line(command: Command): string {
  const to = "workerId" in command ? ` ${command.workerId}#${command.incarnation}` : "";
  const ref = "ref" in command ? ` ${nameOf(command.ref)}` : "";
  switch (command.type) {
    case "launch-reduce":
    case "announce-runs":
      return `${command.type}${to}${ref} runs [${runsText(command.runs)}]`;
    case "withdraw-run":
      return `${command.type}${to}${ref} ${command.mapTaskIndex}.${command.mapAttempt}`;
    case "answer-report":
      return `${command.type}${to}${ref} ${command.accepted ? "accepted" : "refused"}`;
    case "cancel-attempt":
      return `${command.type}${to}${ref}: ${command.reason}`;
    case "set-retry-timer": {
      const { jobId, stage, taskIndex } = command;
      return `${command.type} ${jobId}/${stage}-${taskIndex}`;
    }
    case "plan-job":
    case "commit-job":
    case "clean-job":
    case "forget-job":
      return `${command.type} ${command.jobId}`;
    case "remove-output":
      return `${command.type} ${command.output}`;
    default:
      return `${command.type}${to}${ref}`;
  }
}

function nameOf(ref: AttemptRef): string {
  return `${ref.jobId}/${ref.stage}-${ref.taskIndex}.${ref.attempt}`;
}

/** `w1: 0.1 1.1; w2: 2.1`. */
function runsText(runs: RunSet): string {
  return runs
    .map(({ workerId, maps }) => {
      const pairs: string[] = [];
      for (let at = 0; at < maps.length; at += 2) pairs.push(`${maps[at]}.${maps[at + 1]}`);
      return `${workerId}: ${pairs.join(" ")}`;
    })
    .join("; ");
}
