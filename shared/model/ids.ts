/** Identifies a job: `<name>-<yyyymmdd>-<hhmmss>-<4 characters>`, also the name of its folders. */
export type JobId = string;

/** A worker's stable name, chosen by its operator or generated once per process. */
export type WorkerId = string;

/** One registration of a worker; grows over the life of the journal, so a larger one is newer. */
export type Incarnation = number;

export type Stage = "map" | "reduce";

/** A unit of a stage. `taskIndex` runs from 0; for a reduce task it is also the partition. */
export interface TaskRef {
  readonly jobId: JobId;
  readonly stage: Stage;
  readonly taskIndex: number;
}

/** One execution of a task, numbered from 1. */
export interface AttemptRef extends TaskRef {
  readonly attempt: number;
}

/** What a job may be called; free of characters that mean something in paths. */
export const jobNamePattern = /^[a-z0-9][a-z0-9_-]{0,40}$/i;

/** A job that runs a step of another has both names in front, and its round: 105 characters at most. */
const jobIdPattern = /^[a-z0-9][a-z0-9._-]{0,104}-\d{8}-\d{6}-[a-z0-9]{4}$/i;

/** Whether a text has the form of a job id, and so is safe as a folder name. */
export function isJobId(text: string): boolean {
  return jobIdPattern.test(text) && !text.includes("..");
}

/**
 * Builds a job id.
 * @param atMs submit instant, UTC milliseconds
 * @param suffix four characters of `[a-z0-9]` that tell jobs of the same second apart
 */
export function makeJobId(name: string, atMs: number, suffix: string): JobId {
  const [day, time] = new Date(atMs).toISOString().split("T") as [string, string];
  return `${name}-${day.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${suffix}`;
}

/** `map-00012`: the task within its job. */
export function taskName(task: Pick<TaskRef, "stage" | "taskIndex">): string {
  return `${task.stage}-${String(task.taskIndex).padStart(5, "0")}`;
}

/** `map-00012.2`: the attempt within its job; unique, and safe as a file name. */
export function attemptName(ref: Pick<AttemptRef, "stage" | "taskIndex" | "attempt">): string {
  return `${taskName(ref)}.${ref.attempt}`;
}

/** `<job>/map-00012.2`: the attempt in the whole cluster, for keys of maps and for logs. */
export function attemptKey(ref: AttemptRef): string {
  return `${ref.jobId}/${attemptName(ref)}`;
}
