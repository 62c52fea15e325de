import type { AttemptRef, Incarnation, JobId, Stage, WorkerId } from "#shared/model/ids";
import type { RunSet } from "#shared/model/result";

interface ToWorker {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
}

/** What to do. Performing one twice must do no harm; its outcome comes back as an event. */
export type Command =
  /** List the inputs and plan; answers `job-planned` or `plan-failed`. */
  | { readonly type: "plan-job"; readonly jobId: JobId }
  /**
   * The worker is in: `incarnation` is new, or the resumed one. `registration` numbers its
   * connections, so that the end of an older one is told from that of the present one.
   */
  | ({ readonly type: "welcome-worker"; readonly registration: number } & ToWorker)
  | ({ readonly type: "launch-map"; readonly ref: AttemptRef } & ToWorker)
  | ({ readonly type: "launch-reduce"; readonly ref: AttemptRef; readonly runs: RunSet } & ToWorker)
  | ({
      readonly type: "cancel-attempt";
      readonly ref: AttemptRef;
      readonly reason: string;
    } & ToWorker)
  /** Answers `attempt-returned` if it has not begun; otherwise it goes on. */
  | ({ readonly type: "recall-attempt"; readonly ref: AttemptRef } & ToWorker)
  | ({ readonly type: "announce-runs"; readonly ref: AttemptRef; readonly runs: RunSet } & ToWorker)
  | ({
      readonly type: "withdraw-run";
      readonly ref: AttemptRef;
      readonly mapTaskIndex: number;
      readonly mapAttempt: number;
    } & ToWorker)
  /** Answers a report; `accepted: false` means that it was fenced. */
  | ({
      readonly type: "answer-report";
      readonly ref: AttemptRef;
      readonly accepted: boolean;
    } & ToWorker)
  /** A drained worker whose runs nobody needs any more may go. */
  | ({ readonly type: "release-worker" } & ToWorker)
  /** After `dueAtMs` send `retry-due`. */
  | {
      readonly type: "set-retry-timer";
      readonly jobId: JobId;
      readonly stage: Stage;
      readonly taskIndex: number;
      readonly dueAtMs: number;
    }
  /** Every task is done: verify parts, write manifest and `_SUCCESS`; answers `commit-done` or `commit-failed`. */
  | { readonly type: "commit-job"; readonly jobId: JobId }
  /** The job reached its final status: drop runs on all workers and attempt-private output. */
  | { readonly type: "clean-job"; readonly jobId: JobId }
  /** What a run of the chain wrote is not read any more: remove it. */
  | { readonly type: "remove-output"; readonly jobId: JobId; readonly output: string }
  /** The job is no longer known: remove its logs. */
  | { readonly type: "forget-job"; readonly jobId: JobId };
