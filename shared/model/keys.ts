import { attemptName, taskName, type AttemptRef, type JobId } from "./ids.js";

/**
 * Every object key and path below the data folder or the bucket, in one file. All use `/` and none
 * is built from a name that was not checked before.
 */
export const keys = {
  /** Default output folder of a job. */
  output: (jobId: JobId) => `output/${jobId}`,
  log: (ref: AttemptRef) => `logs/${ref.jobId}/${attemptName(ref)}.log`,
  logFolder: (jobId: JobId) => `logs/${jobId}`,
  bundle: (sha256: string) => `bundles/${sha256}.mjs`,
};

/** Paths inside a job's output folder. */
export const outputPaths = {
  /** Of task `index`: `part-00003.gz`, or in a folder `errors/part-00003.gz`. */
  part: (index: number, folder?: string, extension = "") =>
    `${folder === undefined ? "" : `${folder}/`}part-${String(index).padStart(5, "0")}${extension}`,
  manifest: "manifest.json",
  success: "_SUCCESS",
  /** Attempt-private objects of one job: invisible to readers, which skip names that start with `_`. */
  pendingFolder: (jobId: JobId) => `_pending-${jobId}`,
  pending: (ref: AttemptRef) => `_pending-${ref.jobId}/${attemptName(ref)}`,
  /** Parts of one attempt beyond that of the main output, numbered: no name in them is the job's choice. */
  furtherPendingFolder: (ref: AttemptRef) => `_pending-${ref.jobId}/${attemptName(ref)}.d`,
  furtherPending: (ref: AttemptRef, number: number) =>
    `_pending-${ref.jobId}/${attemptName(ref)}.d/${number}`,
};

/** Paths inside a worker's own scratch folder. */
export const scratchPaths = {
  job: (jobId: JobId) => `intermediate/${jobId}`,
  attempt: (ref: AttemptRef) => `intermediate/${ref.jobId}/${taskName(ref)}/${ref.attempt}`,
  /** The one run file of a finished map attempt. */
  run: (ref: AttemptRef) => `intermediate/${ref.jobId}/${taskName(ref)}/${ref.attempt}/run`,
  log: (ref: AttemptRef) => `logs/${ref.jobId}/${attemptName(ref)}.log`,
  bundle: (sha256: string) => `bundles/${sha256}.mjs`,
};

/** URL path of one partition of one run on its holder's run server. */
export function runUrlPath(ref: AttemptRef, partition: number): string {
  return `/runs/${ref.jobId}/${ref.taskIndex}/${ref.attempt}/${partition}`;
}
