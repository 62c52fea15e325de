import { everyItem } from "#shared/client/client";
import type { WorkerView } from "#shared/client/types";
import type { Command, Invocation } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags } from "../flags.js";
import { bytesText, durationText, table } from "../render/text.js";

export const workers: Command = {
  name: "workers",
  about: "List the workers of the cluster.",
  positionals: [],
  flags: connectFlags,
  examples: [
    { line: "millrace workers", about: "State, slots, memory, when they were last heard." },
    { line: "millrace workers --json", about: "With the attempts that each one runs." },
  ],
  run: runWorkers,
};

async function runWorkers(invocation: Invocation): Promise<number> {
  const client = connect(invocation);
  const found: WorkerView[] = [];
  for await (const each of everyItem((query) => client.listWorkers(query))) found.push(each);
  const nowMs = Date.now();
  const rows = found.map((worker) => [
    worker.id,
    worker.state,
    `${worker.slotsUsed}/${worker.slots}`,
    worker.rssBytes === null ? "-" : bytesText(worker.rssBytes),
    `${durationText(Math.max(0, nowMs - Date.parse(worker.lastSeenAt)))} ago`,
    worker.address,
  ]);
  const header = ["WORKER", "STATE", "SLOTS", "MEMORY", "SEEN", "ADDRESS"];
  invocation.print({ items: found }, rows.length === 0 ? ["no workers"] : table(header, rows));
  return 0;
}
