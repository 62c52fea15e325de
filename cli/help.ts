import type { Command, Flag } from "./command.js";
import { exitCodes } from "./exit-codes.js";
import { usageOf } from "./parse.js";

/** `millrace --help`. */
export function helpForAll(commands: readonly Command[], version: string): string[] {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    `millrace ${version}: MapReduce jobs in TypeScript on one machine or many`,
    "",
    "Usage: millrace COMMAND [flags]",
    "",
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.about}`),
    "",
    "First steps:",
    "  millrace init words                                                  a job of your own",
    "  millrace run examples/wordcount.ts --input examples/data/gutenberg   no cluster needed",
    "  millrace up --workers 2                                              a cluster here",
    "  millrace submit examples/wordcount.ts --input examples/data/gutenberg --wait",
    "",
    "millrace COMMAND --help shows flags and examples of one command.",
    "",
    "Exit codes:",
    ...exitCodes().map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`),
  ];
}

/** `millrace COMMAND --help`. */
export function helpForCommand(command: Command): string[] {
  const lines = [command.about, "", `Usage: ${usageOf(command)}`, ""];
  for (const each of command.positionals) lines.push(`  ${each.name}  ${each.about}`);
  if (command.positionals.length > 0) lines.push("");
  if (command.flags.length > 0) lines.push("Flags:", ...flagLines(command.flags), "");
  for (const note of command.notes ?? []) lines.push(note);
  if ((command.notes ?? []).length > 0) lines.push("");
  lines.push("Examples:");
  for (const { line, about } of command.examples) lines.push(`  ${line}`, `      ${about}`);
  return lines;
}

function flagLines(flags: readonly Flag[]): string[] {
  const shown = flags.map((flag) => ({ head: flagHead(flag), about: flag.about }));
  const width = Math.min(26, Math.max(...shown.map(({ head }) => head.length)));
  return shown.map(({ head, about }) => `  ${head.padEnd(width)}  ${about}`);
}

/** `--input PATH` */
export function flagHead(flag: Flag): string {
  return flag.value === undefined ? `--${flag.name}` : `--${flag.name} ${flag.value}`;
}
