import { asFault } from "#shared/errors/fault";
import { kindRules } from "#shared/errors/kinds";
import { commands } from "./commands.js";
import { helpForAll, helpForCommand } from "./help.js";
import { packageVersion } from "./installation.js";
import { findCommand, parseInvocation } from "./parse.js";
import type { Terminal } from "./terminal.js";

const noMaster =
  "start a cluster with: millrace up; name one with --master; or run a job without: millrace run";

/**
 * Runs one command line. The only place that turns errors into messages and exit codes.
 * @param argv without the names of Node and script
 * @returns the exit code
 */
export async function runCli(
  argv: readonly string[],
  terminal: Terminal,
  cwd: string,
): Promise<number> {
  try {
    return await dispatch(argv, terminal, cwd);
  } catch (error) {
    const { code, kind, message, stack } = asFault(error);
    const { advice, exitCode } = kindRules[kind];
    if (argv.includes("--json")) {
      terminal.note(JSON.stringify({ error: { code, kind, message, advice } }));
    } else {
      terminal.note(`millrace: ${message} (${code})`);
      if (code === "MR_MASTER_UNREACHABLE") terminal.note(`  ${noMaster}`);
      // A bug report needs to say where; everything else is explained by its message.
      if (code === "MR_INTERNAL" && error instanceof Error && error.name !== "Fault") {
        terminal.note(stack ?? "");
      }
    }
    return exitCode;
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal, cwd: string): Promise<number> {
  const [first] = argv;
  const wantsHelp = argv.includes("--help") || argv.includes("-h") || first === "help";
  if (first === "--version") {
    terminal.out(packageVersion());
    return 0;
  }
  const named = argv.filter((word) => !["--help", "-h", "help"].includes(word));
  if (first === undefined || (wantsHelp && (named[0] ?? "-").startsWith("-"))) {
    for (const line of helpForAll(commands, packageVersion())) terminal.out(line);
    return first === undefined ? 2 : 0;
  }
  const { command, rest } = findCommand(commands, wantsHelp ? named : argv);
  if (wantsHelp) {
    for (const line of helpForCommand(command)) terminal.out(line);
    return 0;
  }
  return command.run(parseInvocation(command, rest, { cwd, terminal }));
}
