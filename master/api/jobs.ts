import type { Request, Response } from "express";
import { z } from "zod";
import * as views from "#master/schedule/views";
import { jobStatusSchema, type JobCounters, type JobOutput } from "#shared/client/types";
import { fault } from "#shared/errors/fault";
import type { JobId } from "#shared/model/ids";
import { isFinal } from "#shared/model/job";
import type { ApiContext } from "./context.js";
import { jobView } from "./job-view.js";
import { beyond, pageOf, pageQuery } from "./page.js";
import { check } from "./problem.js";

export const jobPath = z.object({ jobId: z.string() });

const listQuery = z.strictObject({
  ...pageQuery,
  status: jobStatusSchema.optional(),
  name: z.string().max(100).optional(),
  parent: z.string().max(200).optional(),
});

/** `GET /jobs`: newest first; with `parent` the jobs that run the steps of that one. */
export function listJobs(api: ApiContext, request: Request, response: Response): void {
  const query = check(listQuery, request.query, "query");
  if (query.parent !== undefined) api.job(query.parent);
  const matching = [...api.coordinator.state.jobs.values()]
    .filter((job) => job.spec.stepRun?.parentId === query.parent)
    .filter((job) => query.status === undefined || job.status === query.status)
    .filter((job) => query.name === undefined || job.spec.name === query.name)
    .map((job) => ({ place: job.order, item: job.jobId }))
    .toReversed();
  const after = (place: number | null) => beyond(matching, place, "falling");
  response.json(pageOf(query, after, (jobId) => jobView(api, jobId)));
}

/** `GET /jobs/:jobId` */
export function getJob(api: ApiContext, request: Request, response: Response): void {
  const { jobId } = check(jobPath, request.params, "path");
  response.json({ job: jobView(api, jobId) });
}

/** `POST /jobs/:jobId/cancel`: a job whose commit began runs to its end, which decides. */
export async function cancelJob(api: ApiContext, request: Request, response: Response) {
  const { jobId } = check(jobPath, request.params, "path");
  const { status, spec } = api.job(jobId);
  if (spec.stepRun !== undefined) {
    const { parentId } = spec.stepRun;
    throw fault(
      "MR_JOB_IS_STEP",
      `the job runs a step of ${parentId}, and ends with it; cancel that one`,
      {
        jobId,
        parent: parentId,
      },
    );
  }
  if (isFinal(status) && status !== "cancelled") {
    throw fault("MR_JOB_ENDED", "the job ended already", { jobId, jobStatus: status });
  }
  if (status !== "cancelled" && status !== "cancelling") {
    await api.coordinator.submit({ type: "cancel-requested", jobId });
  }
  response.status(202).json({ job: jobView(api, jobId) });
}

/** `GET /jobs/:jobId/counters`: summed over winning attempts only. */
export function getCounters(api: ApiContext, request: Request, response: Response): void {
  const { jobId } = check(jobPath, request.params, "path");
  api.job(jobId);
  const counters: JobCounters = {
    jobId,
    counters: views.jobCounters(api.coordinator.state, jobId),
  };
  response.json(counters);
}

/** `GET /jobs/:jobId/output`: the committed parts. */
export async function getOutput(api: ApiContext, request: Request, response: Response) {
  const { jobId } = check(jobPath, request.params, "path");
  const { status, summary, output } = api.job(jobId);
  if (summary === null) {
    throw fault("MR_JOB_ENDED", "only a job that succeeded has an output", {
      jobId,
      jobStatus: status,
    });
  }
  const answer: JobOutput = {
    output,
    parts: await partsOf(api, jobId, output, summary.partCount),
    records: summary.records,
    bytes: summary.bytes,
  };
  response.json(answer);
}

/** As the winning attempts reported them, or, of a job that does not keep these, from the output. */
async function partsOf(
  api: ApiContext,
  jobId: JobId,
  output: string,
  partCount: number,
): Promise<JobOutput["parts"]> {
  const kept = views.winningParts(api.coordinator.state, jobId);
  if (kept.length === partCount) {
    return kept.map(({ name, records, bytes, sha256 }) => ({ name, records, bytes, sha256 }));
  }
  const manifest = await api.coordinator.manifestOf(output);
  if (manifest?.jobId === jobId) return manifest.parts;
  throw fault("MR_OBJECT_NOT_FOUND", "the output of the job was removed or replaced", {
    jobId,
    output,
  });
}
