import type { Client } from "#shared/client/client";
import { pageLimits, type AttemptView, type TaskView } from "#shared/client/types";
import type { Command, Invocation } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags, waitFlag } from "../flags.js";
import { failureLines } from "../render/failure.js";
import { jobLines } from "../render/job.js";
import { presentStep } from "../render/steps.js";
import { countText, printable, table } from "../render/text.js";
import { waitForJob } from "../wait.js";

/** Tasks whose attempts are listed; a job with more trouble than that is read in its logs. */
const shownTasks = 20;

export const job: Command = {
  name: "job",
  about: "Show one job: progress, steps, attempts that did not go well, counters.",
  positionals: [{ name: "ID", about: "Id of the job, as submit and jobs print it." }],
  flags: [waitFlag, ...connectFlags],
  examples: [
    { line: "millrace job wordcount-20260131-120000-a1b2", about: "How it stands now." },
    {
      line: "millrace job wordcount-20260131-120000-a1b2 --wait",
      about: "Follow it to its end, as submit --wait does.",
    },
  ],
  run: runJob,
};

async function runJob(invocation: Invocation): Promise<number> {
  const client = connect(invocation);
  const id = invocation.positional(0);
  if (invocation.has("wait")) return waitForJob(client, id, invocation);
  const view = await client.getJob(id);
  // The attempts of a job with steps are those of the jobs that run them.
  const attempts = await troubledAttempts(client, presentStep(view)?.jobId ?? id);
  const { counters } = await client.getCounters(id);
  const lines = jobLines(view, Date.now());
  if (view.status === "failed") lines.push("", ...failureLines(view, invocation.cwd));
  if (attempts.length > 0) {
    const rows = attempts.map((each) => [
      each.name,
      each.state,
      each.worker,
      printable(each.reason ?? "").slice(0, 100),
    ]);
    lines.push("", ...table(["ATTEMPT", "STATE", "WORKER", "REASON"], rows));
  }
  const sums = Object.entries(counters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (sums.length > 0) {
    const rows = sums.map(([name, amount]) => [printable(name), countText(amount)]);
    lines.push("", ...table(["COUNTER", "SUM"], rows));
  }
  invocation.print({ job: view, attempts, counters }, lines);
  return 0;
}

/** All attempts of the first tasks that failed, were lost, or run now. */
async function troubledAttempts(client: Client, id: string): Promise<AttemptView[]> {
  const found: TaskView[] = [];
  for (const stage of ["map", "reduce"] as const) {
    const page = await client.listTasks(id, { stage, limit: pageLimits.max });
    found.push(
      ...page.items.filter(
        (task) => task.failures > 0 || task.losses > 0 || task.state === "running",
      ),
    );
  }
  const lists = await Promise.all(
    found.slice(0, shownTasks).map((task) => client.listAttempts(id, task.stage, task.index)),
  );
  return lists.flatMap((list) => list.items);
}
