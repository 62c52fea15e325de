import type { Command, Invocation } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags, jobFlags } from "../flags.js";
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
  const client = connect(invocation);
  const loaded = await loadJob(invocation);
  const submission = buildSubmission(loaded, choices, cwd);
  const found = await client.plan(submission);
  invocation.print({ ...found, spec: submission }, planLines(found, submission));
  return 0;
}
