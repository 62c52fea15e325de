import type { Client } from "#shared/client/client";
import type { JobView } from "#shared/client/types";
import { watchJob } from "#shared/client/watch";
import { faultCodes, type FaultCode } from "#shared/errors/codes";
import { kindRules } from "#shared/errors/kinds";
import { onInterrupt } from "./interrupts.js";
import { Progress } from "./progress.js";
import { failureLines } from "./render/failure.js";
import { durationText, plural } from "./render/text.js";
import { elapsedMs } from "./render/job.js";
import type { Invocation } from "./command.js";

/**
 * Follows a job with progress until it ends.
 * @returns the final job, or null when Ctrl-C ended the waiting (`onDetach` was called before)
 */
export async function followJob(
  client: Client,
  jobId: string,
  invocation: Invocation,
  onDetach: () => void,
): Promise<JobView | null> {
  const progress = new Progress(invocation.terminal);
  const controller = new AbortController();
  const stopListening = onInterrupt(() => controller.abort());
  let last: JobView | null = null;
  try {
    const onUnreachable = (error: Error): void => progress.say(`${error.message}; waiting for it`);
    const options = { signal: controller.signal, onUnreachable };
    for await (const job of watchJob(client, jobId, options)) {
      progress.update(job);
      last = job;
    }
    return last;
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    progress.end();
    onDetach();
    return null;
  } finally {
    progress.end();
    stopListening();
  }
}

/** Waits for a job as `--wait` does, and says how it ended. @returns the exit code */
export async function waitForJob(
  client: Client,
  jobId: string,
  invocation: Invocation,
): Promise<number> {
  const { terminal } = invocation;
  const job = await followJob(client, jobId, invocation, () => {
    terminal.note(`the job goes on; come back with: millrace job ${jobId} --wait`);
    terminal.note(`or end it with: millrace cancel ${jobId}`);
  });
  if (job === null) return 0;
  return tellEnd(client, job, invocation);
}

/** Prints how a job ended. @param keepsLogs as for failureLines @returns the exit code */
export async function tellEnd(
  client: Client,
  job: JobView,
  invocation: Invocation,
  keepsLogs = true,
): Promise<number> {
  const isDone = job.status === "succeeded";
  if (invocation.has("json")) {
    invocation.print(job, []);
    return isDone ? 0 : failedExitCode(job);
  }
  if (!isDone) {
    const lines = failureLines(job, invocation.cwd, keepsLogs);
    for (const line of lines) invocation.terminal.note(line);
    return failedExitCode(job);
  }
  const output = await client.getOutput(job.id);
  const took = durationText(elapsedMs(job, Date.now()));
  invocation.terminal.note(`job ${job.id} succeeded in ${took}`);
  invocation.terminal.out(
    `${output.output}: ${plural(output.parts.length, "part")}, ${plural(output.records, "record")}`,
  );
  return 0;
}

/** What no task brought down could not be done as asked (no such input): that has a kind. */
function failedExitCode({ failure }: JobView): number {
  if (failure === null || failure.task !== null) return kindRules.internal.exitCode;
  if (!Object.hasOwn(faultCodes, failure.code)) return kindRules.internal.exitCode;
  return kindRules[faultCodes[failure.code as FaultCode]].exitCode;
}
