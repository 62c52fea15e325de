import path from "node:path";
import type { Client } from "#shared/client/client";
import type { Command, Invocation } from "../command.js";
import { jobFlags, jsonFlag } from "../flags.js";
import { interruptedExitCode } from "../interrupts.js";
import { withOwnCluster } from "../own-cluster.js";
import { loadJob, standsForJobFile, streamingFlags } from "../streaming.js";
import { buildSubmission, readChoices } from "../submission.js";
import { followJob, tellEnd } from "../wait.js";

export const run: Command = {
  name: "run",
  about: "Run a job here without a cluster, the way a cluster would.",
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
  flags: [
    ...jobFlags,
    ...streamingFlags,
    { name: "slots", value: "N", about: "Attempts at once. (number of CPUs, at least 2)" },
    { name: "slot-memory", value: "SIZE", about: "Memory of one attempt. (512MiB)" },
    { name: "config", value: "FILE", about: "Configuration file; none reads no file." },
    jsonFlag,
  ],
  notes: [
    "Starts a master and a worker for this job alone, on free ports and in a temporary folder that is",
    "removed in the end. Every step has at least two map tasks, where its input can be divided, and two",
    "reduce tasks, unless flags or the job say otherwise. Without --output the result goes to",
    "./output/NAME. Ctrl-C cancels the job.",
  ],
  examples: [
    {
      line: "millrace run examples/wordcount.ts --input examples/data/gutenberg --output out/words",
      about: "Count words here.",
    },
    {
      line: "millrace run job.ts --input data.jsonl --overwrite --json",
      about: "Replace the former ./output/NAME; print the finished job as JSON.",
    },
    {
      line: "millrace run join.ts --input orders=orders/ --input customers=customers.csv",
      about: "A job with several inputs, each by its name.",
    },
    {
      line: "millrace run clean.ts --input access.log --side bots=bots.txt",
      about: "A job with a side input, which every task gets whole.",
    },
  ],
  run: runRun,
};

async function runRun(invocation: Invocation): Promise<number> {
  const { cwd } = invocation;
  const choices = readChoices(invocation);
  const loaded = await loadJob(invocation);
  const output = choices.output ?? path.join("output", choices.name ?? loaded.definition.name);
  const submission = buildSubmission(loaded, { ...choices, output }, cwd);
  return withOwnCluster(invocation, async (client) => {
    await client.putBundle(loaded.bundle.sha256, loaded.bundle.bytes);
    const job = await client.submitJob(submission);
    return finish(client, job.id, invocation);
  });
}

async function finish(client: Client, jobId: string, invocation: Invocation): Promise<number> {
  const ended = await followJob(client, jobId, invocation, () =>
    invocation.terminal.note("cancelled"),
  );
  if (ended !== null) return tellEnd(client, ended, invocation, false);
  await client.cancelJob(jobId);
  return interruptedExitCode;
}
