import type { JobFilter } from "#shared/client/client";
import { jobStatusSchema, pageLimits, type JobView } from "#shared/client/types";
import type { Command, Invocation } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags } from "../flags.js";
import { elapsedMs } from "../render/job.js";
import { hasReduceNow, stepCell } from "../render/steps.js";
import { durationText, instantText, percent, table } from "../render/text.js";

export const jobs: Command = {
  name: "jobs",
  about: "List jobs, newest first.",
  positionals: [],
  flags: [
    { name: "status", value: "STATUS", about: "Only jobs in this status: running, failed…" },
    { name: "name", value: "NAME", about: "Only jobs of this name." },
    { name: "parent", value: "ID", about: "Instead: the jobs that run the steps of this one." },
    { name: "limit", value: "N", about: "At most so many. (20)" },
    ...connectFlags,
  ],
  examples: [
    { line: "millrace jobs", about: "The last twenty." },
    { line: "millrace jobs --status running --json", about: "Running ones, for a script." },
    {
      line: "millrace jobs --parent rank-20260131-120000-a1b2",
      about: "Every run of a step of a job with steps: each is a job that can be looked at.",
    },
  ],
  run: runJobs,
};

async function runJobs(invocation: Invocation): Promise<number> {
  const status = invocation.oneOf("status", jobStatusSchema.options);
  const name = invocation.text("name");
  const parent = invocation.text("parent");
  const filter: JobFilter = {
    limit: invocation.whole("limit", 1, pageLimits.max) ?? 20,
    ...(status === undefined ? {} : { status }),
    ...(name === undefined ? {} : { name }),
    ...(parent === undefined ? {} : { parent }),
  };
  const page = await connect(invocation).listJobs(filter);
  const nowMs = Date.now();
  const hasSteps = page.items.some((job) => job.steps.length > 0);
  const rows = page.items.map((job) => row(job, nowMs, hasSteps));
  const step = hasSteps ? ["STEP"] : [];
  const header = ["JOB", "STATUS", ...step, "MAP", "REDUCE", "SUBMITTED", "TIME"];
  const lines = rows.length === 0 ? ["no jobs"] : table(header, rows);
  invocation.print(page, lines);
  if (page.nextCursor !== null && !invocation.has("json")) {
    invocation.terminal.note("there are more: --limit N");
  }
  return 0;
}

function row(job: JobView, nowMs: number, hasSteps: boolean): string[] {
  return [
    job.id,
    job.status,
    ...(hasSteps ? [stepCell(job)] : []),
    percent(job.map.fraction),
    hasReduceNow(job) ? percent(job.reduce.fraction) : "-",
    instantText(job.submittedAt),
    durationText(elapsedMs(job, nowMs)),
  ];
}
