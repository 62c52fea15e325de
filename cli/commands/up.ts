import { Cluster } from "../cluster.js";
import type { Command, Invocation } from "../command.js";
import { settingsFor } from "../connect.js";
import { jsonFlag, settingFlagsOf } from "../flags.js";
import { onInterrupt } from "../interrupts.js";
import { plural } from "../render/text.js";

/** What runs at the end of it is run again after the next start, so there is no need for long. */
const stopGraceMs = 3_000;

export const up: Command = {
  name: "up",
  about: "Run a master and workers on this machine until Ctrl-C.",
  positionals: [],
  flags: [
    { name: "workers", value: "N", about: "Number of worker processes. (2)" },
    ...settingFlagsOf(
      ["master", "worker"],
      ["worker-name", "scratch", "master", "worker-port", "advertised-host"],
    ),
    jsonFlag,
  ],
  notes: [
    "Writes cluster.json into the data folder, so that commands with the same data folder find the",
    "master; restarts what ends by itself. Jobs that ran at Ctrl-C go on after the next start.",
  ],
  examples: [
    { line: "millrace up", about: "Two workers, the master on port 7400." },
    {
      line: "millrace up --workers 4 --slots 1 --port 0 --data /tmp/mill",
      about: "Four workers of one slot each, any free port, data elsewhere.",
    },
  ],
  run: runUp,
};

async function runUp(invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const { settings } = settingsFor(invocation);
  const interrupted = new Promise<void>((resolve) => void onInterrupt(() => resolve()));
  const starting = Cluster.start({
    settings,
    workerCount: invocation.whole("workers", 1, 1000) ?? 2,
    restart: true,
    announce: true,
    onEvent: (line) => terminal.note(line),
  });
  // Ctrl-C while it starts: what was started ends with this process.
  const cluster = await Promise.race([starting, interrupted]);
  if (cluster === undefined) return 0;
  const lines = [
    `master  ${cluster.url}`,
    ...cluster.workers.map(({ name, address, pid }) => `${name}  ${address}  pid ${pid}`),
    `logs    ${cluster.logFolder}`,
    "Ctrl-C ends all of them.",
  ];
  const ready = { event: "ready", master: cluster.url, workers: cluster.workers };
  if (invocation.has("json")) terminal.out(JSON.stringify(ready));
  else for (const line of lines) terminal.out(line);
  await interrupted;
  terminal.note(`ending the master and ${plural(cluster.workers.length, "worker")}`);
  onInterrupt(() => process.exit(0));
  await cluster.stop(stopGraceMs);
  return 0;
}
