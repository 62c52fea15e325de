import path from "node:path";
import type { JobFailure, JobView } from "#shared/client/types";
import { presentStep, stepText } from "./steps.js";
import { printable } from "./text.js";

/**
 * The probable cause of a failed job: what, where in the code, at which record, what was printed.
 * @param keepsLogs whether the cluster will still be there to be asked for the whole log
 */
export function failureLines(job: JobView, cwd: string, keepsLogs = true): string[] {
  const { failure } = job;
  if (failure === null) return [`job ${job.id} ${job.status}`];
  const lines = [`job ${job.id} failed: ${printable(failure.message)} (${failure.code})`];
  const step = failedStep(job, failure);
  if (step !== "") lines.push(`  step    ${step}`);
  if (failure.userFrame !== null) lines.push(`  in      ${relative(failure.userFrame, cwd)}`);
  if (failure.place !== null) {
    const { location, offset, preview } = failure.place;
    const place = `${relative(location, cwd)}, ${unitOf(failure)} ${offset}`;
    lines.push(`  at      ${place}`, `  record  ${printable(preview)}`);
  }
  lines.push(...attemptLines(job, failure));
  if (failure.stack !== null && isOfUse(failure)) {
    lines.push("  stack");
    for (const line of failure.stack.split("\n")) lines.push(`    ${printable(line.trim())}`);
  }
  if (failure.logTail.length > 0) {
    lines.push("  last lines printed");
    for (const line of failure.logTail) lines.push(`    ${printable(line)}`);
  }
  if (failure.task !== null && keepsLogs) {
    const attempt = failure.attempt === null ? "" : ` --attempt ${failure.attempt}`;
    lines.push(
      `  whole log: millrace logs ${failure.jobId || job.id} --task ${failure.task}${attempt}`,
    );
  }
  return lines;
}

/** What the engine refuses says all in its message; the engine's own lines help only with its bugs. */
function isOfUse({ code, userFrame }: JobFailure): boolean {
  return userFrame !== null || code === "MR_USER_CODE_FAILED" || code === "MR_INTERNAL";
}

/** Which step failed: the one that the task is of, or else the last one that began. */
function failedStep(job: JobView, failure: JobFailure): string {
  const step = job.steps.find(({ jobId }) => jobId === failure.jobId) ?? presentStep(job);
  return step === null ? "" : stepText(job, step).replace(/^step /, "");
}

/** A reducer has no place in a file: its offset is the number of the group. */
function unitOf(failure: JobFailure): string {
  return failure.task?.startsWith("reduce") === true ? "group" : "byte";
}

function attemptLines(job: JobView, failure: JobFailure): string[] {
  if (failure.task === null) return [];
  const attempt = failure.attempt === null ? "" : `, attempt ${failure.attempt}`;
  const worker = failure.worker === null ? "" : ` on ${failure.worker}`;
  const { failed, lost } = job.attempts;
  return [
    `  task    ${failure.task}${attempt}${worker}; attempts of the job: ${failed} failed, ${lost} lost`,
  ];
}

/** Paths below the current folder without it: shorter, and clickable in editors. */
function relative(text: string, cwd: string): string {
  const shown = printable(text);
  return shown.startsWith(cwd + path.sep) ? shown.slice(cwd.length + 1) : shown;
}
