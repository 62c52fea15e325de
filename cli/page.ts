import type { Command } from "./command.js";
import { commands } from "./commands.js";
import { exitCodes } from "./exit-codes.js";
import { flagHead } from "./help.js";
import { usageOf } from "./parse.js";

/** The page of all commands, as Markdown. */
export function commandsPage(): string {
  const lines = [
    "# Commands",
    "",
    "Written by `npm run docs`; change `cli/commands/` instead.",
    "",
    "In a checkout call `npx millrace`. Every command has `--help`. Results go to standard output,",
    "progress and errors to standard error; with `--json` both are JSON. Flags that are settings can",
    "also come from the environment or a file: see [settings.md](settings.md).",
    "",
    "## Exit codes",
    "",
    "| code | meaning |",
    "| ---: | --- |",
    ...exitCodes().map(({ code, meaning }) => `| ${code} | ${meaning} |`),
    "",
    ...commands.flatMap((command) => section(command)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function section(command: Command): string[] {
  const lines = [`## millrace ${command.name}`, "", command.about, ""];
  const notes = command.notes ?? [];
  if (notes.length > 0) lines.push(...notes, "");
  lines.push("```", usageOf(command), "```", "");
  if (command.positionals.length + command.flags.length > 0) {
    for (const each of command.positionals) lines.push(`- \`${each.name}\`: ${each.about}`);
    for (const flag of command.flags) lines.push(`- \`${flagHead(flag)}\`: ${flag.about}`);
    lines.push("");
  }
  for (const { line, about } of command.examples) lines.push(about, "", "```sh", line, "```", "");
  return lines;
}
