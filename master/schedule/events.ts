import type { AttemptRef, Incarnation, JobId, Stage, WorkerId } from "#shared/model/ids";
import type { JobSpec } from "#shared/model/job";
import type { AttemptResult, Failure } from "#shared/model/result";
import type { JobPlan } from "#shared/model/split";

/** Whoever reports: checked against the present incarnation, so that late messages are fenced. */
interface FromWorker {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
}

/** What happened. Every event is journalled with its instant before `step` sees it. */
export type Event =
  | {
      readonly type: "job-submitted";
      readonly jobId: JobId;
      readonly spec: JobSpec;
      /** Location of the output folder, resolved. */
      readonly output: string;
    }
  | { readonly type: "job-planned"; readonly jobId: JobId; readonly plan: JobPlan }
  | { readonly type: "plan-failed"; readonly jobId: JobId; readonly failure: Failure }
  | {
      readonly type: "worker-registered";
      readonly workerId: WorkerId;
      readonly processId: string;
      /** The incarnation that this process had before; honoured when it is still the present one. */
      readonly resume: Incarnation | null;
      readonly slots: number;
      readonly slotMemoryBytes: number;
      readonly runAddress: string;
      readonly version: string;
      /** Attempts that still run there, or whose report is on its way again. */
      readonly attempts: readonly AttemptRef[];
    }
  | ({ readonly type: "worker-lost"; readonly reason: string } & FromWorker)
  /** Its connection broke; it may come back within its lease. Nothing is launched there meanwhile. */
  | ({
      readonly type: "worker-disconnected";
      /** Of the connection that broke, as `welcome-worker` said; an older one than the present is ignored. */
      readonly registration?: number;
    } & FromWorker)
  | ({ readonly type: "worker-draining" } & FromWorker)
  | ({
      readonly type: "attempt-done";
      readonly ref: AttemptRef;
      readonly result: AttemptResult;
    } & FromWorker)
  | ({
      readonly type: "attempt-failed";
      readonly ref: AttemptRef;
      readonly failure: Failure;
    } & FromWorker)
  /** The worker had not begun an attempt that was recalled, and never will. */
  | ({ readonly type: "attempt-returned"; readonly ref: AttemptRef } & FromWorker)
  | ({
      readonly type: "run-unreachable";
      /** The reduce attempt that could not fetch. */
      readonly ref: AttemptRef;
      readonly holderId: WorkerId;
      readonly mapTaskIndex: number;
      readonly mapAttempt: number;
      readonly reason: "missing" | "corrupt" | "unreachable";
    } & FromWorker)
  | {
      readonly type: "retry-due";
      readonly jobId: JobId;
      readonly stage: Stage;
      readonly taskIndex: number;
    }
  | { readonly type: "cancel-requested"; readonly jobId: JobId }
  | { readonly type: "commit-done"; readonly jobId: JobId; readonly summary: OutputSummary }
  | { readonly type: "commit-failed"; readonly jobId: JobId; readonly failure: Failure }
  | { readonly type: "job-forgotten"; readonly jobId: JobId }
  /** First event after a start, before any worker is back: repeats what a crash may have swallowed. */
  | { readonly type: "coordinator-started" };

export interface OutputSummary {
  readonly output: string;
  readonly partCount: number;
  readonly records: number;
  readonly bytes: number;
}
