import type { Settings } from "#shared/config/settings";
import type { Command, Invocation } from "../command.js";
import { settingsFor } from "../connect.js";
import { jsonFlag, settingFlagsOf } from "../flags.js";
import { onInterrupt } from "../interrupts.js";
import { masterReadySchema, startProgram, workerReadySchema, type Program } from "../programs.js";

export const master: Command = {
  name: "master",
  about: "Run a master here until it is told to end.",
  positionals: [],
  flags: [...settingFlagsOf(["master"]), jsonFlag],
  notes: ["Its log goes to standard error as JSON lines, or to --log-file."],
  examples: [
    { line: "millrace master", about: "For this machine alone." },
    {
      line: "MILLRACE_TOKEN=a-long-secret millrace master --host 0.0.0.0 --data /mnt/shared/mill",
      about: "For other machines too; every worker and client needs the same token.",
    },
  ],
  run: (invocation) =>
    runProgram(invocation, async (settings) => {
      const program = await startProgram({
        program: "master",
        settings,
        readySchema: masterReadySchema,
        stderr: "inherit",
      });
      return { program, line: `master is ready at ${program.ready.url}` };
    }),
};

export const worker: Command = {
  name: "worker",
  about: "Run a worker here until it is told to end.",
  positionals: [],
  flags: [...settingFlagsOf(["worker"]), jsonFlag],
  notes: [
    "SIGTERM or Ctrl-C drains it: no new attempts, the running ones finish, its runs are served as",
    "long as running jobs need them, at most --drain-timeout-ms. A second Ctrl-C ends it at once.",
  ],
  examples: [
    { line: "millrace worker --master ws://10.0.0.5:7400 --slots 4", about: "Join a cluster." },
    {
      line:
        "MILLRACE_TOKEN=a-long-secret millrace worker --master ws://10.0.0.5:7400 " +
        "--worker-host 0.0.0.0 --advertised-host 10.0.0.6",
      about: "On a machine of its own: other workers fetch runs from 10.0.0.6.",
    },
  ],
  run: (invocation) =>
    runProgram(invocation, async (settings) => {
      const program = await startProgram({
        program: "worker",
        settings,
        readySchema: workerReadySchema,
        stderr: "inherit",
        // It is ready once the master has taken it in; the master may come later.
        readyWithinMs: 24 * 3_600_000,
      });
      const { workerId, address } = program.ready;
      return { program, line: `worker ${workerId} is ready, serves runs at ${address}` };
    }),
};

async function runProgram<Ready>(
  invocation: Invocation,
  start: (settings: Settings) => Promise<{ program: Program<Ready>; line: string }>,
): Promise<number> {
  const { settings } = settingsFor(invocation);
  let running: Program<Ready> | null = null;
  let interrupts = 0;
  const stopListening = onInterrupt((signal) => {
    interrupts++;
    // Not ready yet: the program ends with this process.
    if (running === null) process.exit(0);
    running.child.kill(interrupts > 1 ? "SIGKILL" : signal === "SIGHUP" ? "SIGTERM" : signal);
  });
  const { program, line } = await start(settings);
  running = program;
  invocation.terminal.out(invocation.has("json") ? JSON.stringify(program.ready) : line);
  const { exitCode } = await program.ended;
  stopListening();
  return interrupts > 0 ? 0 : (exitCode ?? 1);
}
