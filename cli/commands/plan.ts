import type { PlanView } from "#shared/client/types";
import { asFault } from "#shared/errors/fault";
import type { JobSubmission } from "#shared/model/job";
import type { Command, Invocation } from "../command.js";
import { connection } from "../connect.js";
import { connectFlags, jobFlags } from "../flags.js";
import { withOwnCluster } from "../own-cluster.js";
import { planLines } from "../render/plan.js";
import { loadJob, standsForJobFile, streamingFlags } from "../streaming.js";
import { buildSubmission, readChoices } from "../submission.js";

export const plan: Command = {
  name: "plan",
  about: "Show how each step of a job would be cut into tasks, and why, without running it.",
  positionals: [
    {
      name: "JOBFILE",
      about: "TypeScript or JavaScript file that exports a job by default.",
      insteadOf: standsForJobFile,
    },
    {
      name: "INPUT",
      about: "Further inputs, as a shell expands a glob.",
      isOptional: true,
      isRest: true,
    },
  ],
  flags: [...jobFlags, ...streamingFlags, ...connectFlags],
  notes: [
    "A running master plans with the slots that it has. Where none was named and none answers, the plan",
    "is that of millrace run: of a master and a worker that are started for it, and ended.",
  ],
  examples: [
    {
      line: "millrace plan examples/wordcount.ts --input examples/data/gutenberg",
      about: "Splits and partitions, with the reasons.",
    },
    {
      line: "millrace plan job.ts --input big.log --split-bytes 16MiB --reducers 8",
      about: "The same with other choices.",
    },
    {
      line: "millrace plan join.ts --input orders=orders/ --input customers=customers.csv --json",
      about: "A job of two inputs; JSON has the first hundred splits, and the spec as submitted.",
    },
  ],
  run: runPlan,
};

async function runPlan(invocation: Invocation): Promise<number> {
  const { cwd } = invocation;
  const choices = readChoices(invocation);
  const loaded = await loadJob(invocation);
  const submission = buildSubmission(loaded, choices, cwd);
  const found = await planAnywhere(invocation, submission);
  invocation.print({ ...found, spec: submission }, planLines(found, submission));
  return 0;
}

/** Where no master was named and none answers, the plan is that of `millrace run`. */
async function planAnywhere(invocation: Invocation, submission: JobSubmission): Promise<PlanView> {
  const { client, isNamed } = connection(invocation, 1);
  try {
    return await client.plan(submission);
  } catch (error) {
    if (isNamed || asFault(error).code !== "MR_MASTER_UNREACHABLE") throw error;
  }
  invocation.terminal.note("no cluster runs here: this is the plan of millrace run");
  return withOwnCluster(invocation, (own) => own.plan(submission));
}
