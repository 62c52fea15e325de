import { addCounters } from "#shared/model/result";
import { isFinal } from "#shared/model/job";
import { isSample } from "./chain-views.js";
import type { Context } from "./context.js";
import { endJob } from "./ending.js";
import {
  childIdOf,
  childSpec,
  folderOf,
  nextLink,
  openingOf,
  sampleFolderOf,
  stepsOfChain,
  userCounters,
  type Link,
} from "./links.js";
import { createJob, noCounts, type Chain, type Job, type JobFailure } from "./state.js";
import type { Counters } from "#shared/model/result";

/** Makes a job that was just submitted a chain, and its first run a job. */
export function beginChain(context: Context, job: Job): void {
  job.status = "running";
  const first = openingOf(job.spec, 0, 1);
  job.chain = {
    link: first,
    former: null,
    children: [],
    leftOut: 0,
    totals: {
      maps: noCounts(),
      reduces: noCounts(),
      attempts: { ...job.attemptCounts },
      counters: {},
    },
  };
  startChild(context, job, job.chain, first);
}

/** Moves the chains on of which a run ended in this step. */
export function advanceChains(context: Context): void {
  for (const child of context.endedRuns) {
    const job = parentOf(context, child);
    if (job === undefined || job.chain === null) continue;
    addTotals(job.chain, child);
    if (isFinal(job.status)) continue;
    if (job.status === "cancelling") endJob(context, job, "cancelled");
    else if (child.status === "failed")
      endJob(context, job, "failed", failureOf(job, job.chain, child));
    else goOn(context, job, job.chain, countersOf(child));
  }
}

/** A chain ends when its present run did, be it after a commit that began. */
export function cancelChain(context: Context, job: Job): void {
  const child = presentChild(context, job);
  if (job.status === "committing" || child === undefined) {
    job.status = "cancelling";
    return;
  }
  job.status = "cancelling";
  if (child.status === "committing") child.status = "cancelling";
  else if (!isFinal(child.status) && child.status !== "cancelling") {
    endJob(context, child, "cancelled");
  }
}

/** What a crash of the coordinator may have swallowed of a chain that goes on. */
export function repeatChain(context: Context, job: Job, chain: Chain): void {
  const child = presentChild(context, job);
  if (child === undefined || isFinal(child.status)) {
    context.commands.push({ type: "commit-job", jobId: job.jobId });
    return;
  }
  const needed = new Set([child.output, sampleFolderOf(child.output)]);
  if (chain.former !== null) needed.add(folderOf(job, chain.former.link));
  for (const jobId of chain.children) {
    const output = context.state.jobs.get(jobId)?.output;
    if (output !== undefined && !needed.has(output)) removeOutput(context, job, output);
  }
}

function parentOf(context: Context, { spec }: Job): Job | undefined {
  return spec.stepRun && context.state.jobs.get(spec.stepRun.parentId);
}

function presentChild(context: Context, { chain }: Job): Job | undefined {
  return context.state.jobs.get(chain?.children.at(-1) ?? "");
}

function goOn(context: Context, job: Job, chain: Chain, counters: Counters): void {
  const { link, former } = chain;
  const next = nextLink(job.spec, link, counters);
  if (next === null) {
    job.status = "committing";
    context.commands.push({ type: "commit-job", jobId: job.jobId });
    return;
  }
  if (link.kind === "run") {
    chain.former = { link, counters: userCounters(counters) };
    // Nobody reads any more what this run read.
    if (former !== null) removeOutput(context, job, folderOf(job, former.link));
    const { totalOrder } = stepsOfChain(job.spec)[link.stepIndex] ?? {};
    if (totalOrder === true) removeOutput(context, job, sampleFolderOf(folderOf(job, link)));
  }
  startChild(context, job, chain, next);
}

function startChild(context: Context, job: Job, chain: Chain, link: Link): void {
  const { state, nowMs, commands } = context;
  const jobId = childIdOf(job, link);
  const spec = childSpec(job, link, chain.former);
  chain.link = link;
  chain.children.push(jobId);
  state.jobs.set(jobId, createJob(state, { jobId, spec, output: folderOf(job, link) }, nowMs));
  commands.push({ type: "plan-job", jobId });
  dropOldest(context, chain);
}

/** A loop may have ten thousand rounds: of the runs that ended long ago only the sums are kept. */
function dropOldest({ state, commands }: Context, chain: Chain): void {
  while (chain.children.length > state.config.chainRunsMax) {
    const jobId = chain.children.shift();
    if (jobId === undefined) return;
    chain.leftOut++;
    state.jobs.delete(jobId);
    commands.push({ type: "forget-job", jobId });
  }
}

function removeOutput(context: Context, { jobId }: Job, output: string): void {
  context.commands.push({ type: "remove-output", jobId, output });
}

function addTotals({ totals }: Chain, child: Job): void {
  const { maps, reduces, attemptCounts } = child;
  addCounters(totals.maps, maps.counts);
  addCounters(totals.reduces, reduces.counts);
  addCounters(totals.attempts, attemptCounts);
  // A sample maps records that the step maps again: they are not to be counted twice.
  if (isSample(child)) return;
  addCounters(totals.counters, countersOf(child));
}

function countersOf({ maps, reduces }: Job): Counters {
  const sums: Counters = {};
  addCounters(sums, maps.counters);
  addCounters(sums, reduces.counters);
  return sums;
}

/** The failure of the run, which says in which step it was. */
function failureOf({ spec }: Job, { link }: Chain, child: Job): JobFailure | null {
  if (child.failure === null) return null;
  const step = stepsOfChain(spec)[link.stepIndex];
  const where = [
    ...(spec.steps === undefined ? [] : [`step ${step?.name}`]),
    ...(step?.repeat === undefined ? [] : [`round ${link.round}`]),
    ...(link.kind === "sample" ? ["sampling keys"] : []),
    ...(link.kind === "copy" ? ["writing the output"] : []),
  ].join(", ");
  if (where === "") return child.failure;
  const { failure } = child.failure;
  return { ...child.failure, failure: { ...failure, message: `${where}: ${failure.message}` } };
}
