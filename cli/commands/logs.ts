import { everyItem, type Client } from "#shared/client/client";
import type { AttemptLog } from "#shared/client/types";
import { fault } from "#shared/errors/fault";
import type { Command, Invocation } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags } from "../flags.js";
import { bytesText, table } from "../render/text.js";

export const logs: Command = {
  name: "logs",
  about: "Show what the attempts of a job printed.",
  positionals: [{ name: "ID", about: "Id of the job." }],
  flags: [
    { name: "task", value: "TASK", about: "One task, map-00003; without it, list the logs." },
    { name: "attempt", value: "N", about: "One attempt of the task. (the last one with a log)" },
    ...connectFlags,
  ],
  examples: [
    { line: "millrace logs wordcount-20260131-120000-a1b2", about: "Which attempts have a log." },
    {
      line: "millrace logs wordcount-20260131-120000-a1b2 --task map-00003 --attempt 2",
      about: "All that the second attempt of that task printed.",
    },
  ],
  run: runLogs,
};

async function runLogs(invocation: Invocation): Promise<number> {
  const client = connect(invocation);
  const id = invocation.positional(0);
  const task = invocation.text("task");
  const wanted = invocation.whole("attempt", 1, 1_000_000);
  const jobs = await jobsWithTasks(client, id);
  if (task === undefined) {
    if (wanted !== undefined) {
      throw fault("MR_ARGUMENT_INVALID", "--attempt is given without --task");
    }
    await listLogs(client, jobs, invocation);
    return 0;
  }
  const [job = id, ...others] = jobs;
  if (others.length > 0) {
    const shown = JSON.stringify(id);
    throw fault(
      "MR_ARGUMENT_INVALID",
      `ID is ${shown}, a job with steps; allowed with --task: the job of one step, such as ${job}`,
    );
  }
  const attempt = wanted ?? (await lastAttempt(client, job, task));
  const text = await client.getLog(job, task, attempt);
  if (invocation.has("json")) invocation.print({ task, attempt, text }, []);
  else await invocation.terminal.outBytes(Buffer.from(text));
  return 0;
}

/** The job itself, or of a job with steps those that run them. */
async function jobsWithTasks(client: Client, id: string): Promise<string[]> {
  const { steps } = await client.getJob(id);
  const ran = steps.flatMap(({ jobId }) => (jobId === null ? [] : [jobId]));
  return steps.length === 0 ? [id] : ran;
}

async function listLogs(
  client: Client,
  jobs: readonly string[],
  invocation: Invocation,
): Promise<void> {
  const lists = await Promise.all(
    jobs.map(async (job) => {
      const found = await allLogs(client, job);
      return found.map((each) => ({ job, ...each }));
    }),
  );
  const found = lists.flat();
  const hasSteps = jobs.length > 1;
  const rows = found.map((each) => [
    ...(hasSteps ? [each.job] : []),
    each.task,
    each.attempt,
    bytesText(each.sizeBytes),
  ]);
  const header = [...(hasSteps ? ["JOB"] : []), "TASK", "ATTEMPT", "SIZE"];
  invocation.print({ items: found }, rows.length === 0 ? ["no logs"] : table(header, rows));
}

async function lastAttempt(client: Client, id: string, task: string): Promise<number> {
  const attempts = (await allLogs(client, id))
    .filter((each) => each.task === task)
    .map((each) => each.attempt);
  if (attempts.length > 0) return Math.max(...attempts);
  throw fault("MR_OBJECT_NOT_FOUND", "no attempt of this task has a log", { job: id, task });
}

async function allLogs(client: Client, id: string): Promise<AttemptLog[]> {
  const found: AttemptLog[] = [];
  for await (const each of everyItem((query) => client.listLogs(id, query))) found.push(each);
  return found;
}
