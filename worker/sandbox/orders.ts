import type { AttemptRef } from "#shared/model/ids";
import type { JobSpec } from "#shared/model/job";
import type { AttemptResult, Failure, RunSet } from "#shared/model/result";
import type { Ends, PipePaths } from "#worker/streaming/pipes";
import type { Boundaries, InputRange, Split } from "#shared/model/split";

/** Everything a slot's thread needs to run one attempt. Plain data: it crosses threads. */
export interface AttemptOrder {
  readonly ref: AttemptRef;
  readonly spec: JobSpec;
  /** Location of the job's output folder. */
  readonly output: string;
  readonly partitionCount: number;
  readonly mapTaskCount: number;
  /** Ranges of keys of a step with total order. */
  readonly boundaries?: Boundaries | undefined;
  /** Files of each side input, in the order of the spec. */
  readonly sides?: readonly (readonly InputRange[])[] | undefined;
  readonly compression: "none" | "lz4";
  readonly work:
    | { readonly stage: "map"; readonly split: Split }
    | { readonly stage: "reduce"; readonly runs: RunSet };
  /** File of the bundled user code; the thread keeps it loaded between attempts of the same bundle. */
  readonly bundlePath: string;
  /** This worker's id and scratch folder: its own runs are read from disk, not over HTTP. */
  readonly workerId: string;
  readonly scratchFolder: string;
  /** Bytes that one attempt may use, buffers and user's heap together. */
  readonly slotMemoryBytes: number;
  /** Token for other workers' run servers, if the cluster has one. */
  readonly token: string | null;
  readonly logPath: string;
  /** Bound of the log file; absent: the default of `openAttemptLog`. */
  readonly logBytesMax?: number;
  /** See `progress.ts`. */
  readonly progress: SharedArrayBuffer;
}

export type HostToThread =
  /** Nobody needs the thread now: it may run made-up attempts in this folder of its own. */
  | { readonly type: "warm-up"; readonly folder: string; readonly slotMemoryBytes: number }
  | { readonly type: "run"; readonly order: AttemptOrder }
  | { readonly type: "runs-ready"; readonly runs: RunSet }
  | { readonly type: "run-lost"; readonly mapTaskIndex: number; readonly mapAttempt: number }
  | {
      readonly type: "pipes-open";
      readonly request: number;
      readonly ends: Ends | null;
      readonly problem: string;
    };

export type ThreadToHost =
  | { readonly type: "done"; readonly result: AttemptResult }
  /** The thread cleaned up after itself, but is not used again. */
  | { readonly type: "failed"; readonly failure: Failure }
  /** A program is to start: see `host-pipes.ts`. */
  | ({ readonly type: "open-pipes"; readonly request: number } & PipePaths)
  | {
      readonly type: "run-unreachable";
      readonly holderId: string;
      readonly mapTaskIndex: number;
      readonly mapAttempt: number;
      readonly reason: "missing" | "corrupt" | "unreachable";
    };
