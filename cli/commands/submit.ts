import type { Command, Invocation } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags, jobFlags, waitFlag } from "../flags.js";
import { loadJob, standsForJobFile, streamingFlags } from "../streaming.js";
import { buildSubmission, readChoices } from "../submission.js";
import { waitForJob } from "../wait.js";

export const submit: Command = {
  name: "submit",
  about: "Send a job to the master.",
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
  flags: [...jobFlags, ...streamingFlags, waitFlag, ...connectFlags],
  notes: [
    "Paths may be relative here; the machines of the cluster must see the same files at the same",
    "absolute paths. Without --output the result goes to output/JOB in the master's data folder.",
  ],
  examples: [
    {
      line: "millrace submit examples/wordcount.ts --input examples/data/gutenberg --wait",
      about: "Count words and watch.",
    },
    {
      line:
        "millrace submit examples/inverted-index.ts --input 'books/*.txt' --output out/index " +
        "--param minLength=4 --reducers 4 --overwrite --json",
      about:
        "A glob, a parameter, four parts, replacing the former output; prints the job as JSON.",
    },
    {
      line: "millrace submit join.ts --input orders=orders/ --input customers=customers.csv --wait",
      about: "A job with several inputs, each by its name.",
    },
    {
      line: "millrace submit clean.ts --input access.log --side bots=bots.txt --wait",
      about: "A job with a side input, which every task gets whole.",
    },
  ],
  run: runSubmit,
};

async function runSubmit(invocation: Invocation): Promise<number> {
  const { cwd, terminal } = invocation;
  const choices = readChoices(invocation);
  const client = connect(invocation);
  const loaded = await loadJob(invocation);
  const submission = buildSubmission(loaded, choices, cwd);
  await client.putBundle(loaded.bundle.sha256, loaded.bundle.bytes);
  const job = await client.submitJob(submission);
  if (invocation.has("wait")) {
    terminal.note(`job ${job.id} submitted`);
    return waitForJob(client, job.id, invocation);
  }
  invocation.print(job, [job.id]);
  if (!invocation.has("json")) terminal.note(`follow it with: millrace job ${job.id} --wait`);
  return 0;
}
