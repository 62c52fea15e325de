import fs from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fault } from "#shared/errors/fault";
import { isFinal, type JobSubmission } from "#shared/model/job";
import { outputPaths } from "#shared/model/keys";
import type { Client } from "#shared/client/client";

const successPollMs = 5;
/** The master is asked rarely: it has better things to do while it is being measured. */
const statusPollMs = 500;

/** Submits a job and resolves when its `_SUCCESS` exists. @throws MR_JOB_FAILED with the cause */
export async function runJob(
  client: Client,
  submission: JobSubmission & { readonly output: string },
): Promise<{ readonly jobId: string }> {
  const job = await client.submitJob(submission);
  const success = path.join(submission.output, outputPaths.success);
  let askedMs = performance.now();
  while (!fs.existsSync(success)) {
    await pause(successPollMs);
    if (performance.now() - askedMs < statusPollMs) continue;
    const { status, failure } = await client.getJob(job.id);
    askedMs = performance.now();
    if (isFinal(status) && status !== "succeeded") {
      const message = failure?.message ?? "the job did not succeed";
      throw fault("MR_JOB_FAILED", message, { jobId: job.id, status });
    }
  }
  return { jobId: job.id };
}

/** The parts of an output folder, in order. */
export function partsOf(output: string): string[] {
  return fs
    .readdirSync(output)
    .filter((name) => name.startsWith("part-"))
    .sort()
    .map((name) => path.join(output, name));
}
