import { parseArgs } from "node:util";
import { fault, messageOf } from "#shared/errors/fault";
import { nearestName } from "#shared/config/nearest";
import { Invocation, type Command, type Positional } from "./command.js";
import type { Terminal } from "./terminal.js";

/** The command that the arguments name, and what is left of them. @throws MR_ARGUMENT_INVALID */
export function findCommand(
  commands: readonly Command[],
  argv: readonly string[],
): { readonly command: Command; readonly rest: string[] } {
  for (const words of [2, 1]) {
    const name = argv.slice(0, words).join(" ");
    const command = commands.find((each) => each.name === name);
    if (command !== undefined) return { command, rest: argv.slice(words) };
  }
  const given = argv[0] ?? "";
  const known = commands.map((command) => command.name);
  const nearest = nearestName(given, known) ?? known.find((name) => name.startsWith(`${given} `));
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  throw fault(
    "MR_ARGUMENT_INVALID",
    `there is no command "${given}"${hint} (millrace --help lists all)`,
  );
}

/** Reads flags and positionals as the command's table says. @throws MR_ARGUMENT_INVALID */
export function parseInvocation(
  command: Command,
  rest: string[],
  where: { readonly cwd: string; readonly terminal: Terminal },
): Invocation {
  const options = Object.fromEntries(
    command.flags.map((flag) => [
      flag.name,
      {
        type: flag.value === undefined ? ("boolean" as const) : ("string" as const),
        multiple: flag.isRepeatable === true,
      },
    ]),
  );
  let parsed;
  try {
    parsed = parseArgs({ args: rest, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw fault("MR_ARGUMENT_INVALID", explain(command, rest, messageOf(error)), {}, error);
  }
  const { values } = parsed;
  const isReplaced = ({ insteadOf }: Positional): boolean =>
    insteadOf !== undefined && values[insteadOf] !== undefined;
  const given = [...parsed.positionals];
  // A word that a flag stands for is empty, so that the others keep their places.
  command.positionals.forEach((each, index) => isReplaced(each) && given.splice(index, 0, ""));
  checkPositionals(command, given);
  return new Invocation({ ...where, positionals: given, values });
}

function explain(command: Command, rest: readonly string[], message: string): string {
  const names = command.flags.map((flag) => flag.name);
  const unknown = rest
    .filter((word) => word.startsWith("--"))
    .map((word) => word.slice(2).split("=")[0] ?? "")
    .find((name) => name !== "" && !names.includes(name));
  const help = `millrace ${command.name} --help lists all flags`;
  if (unknown === undefined || !message.startsWith("Unknown option")) {
    const sentence = message.charAt(0).toLowerCase() + message.slice(1).replaceAll("\n", " ");
    return `${sentence} (${help})`;
  }
  const nearest = nearestName(unknown, names);
  const hint = nearest === null ? "" : `; did you mean --${nearest}?`;
  return `millrace ${command.name} has no flag --${unknown}${hint} (${help})`;
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const { positionals } = command;
  const missing = positionals.find((each, index) => !each.isOptional && given[index] === undefined);
  if (missing !== undefined) {
    const instead = missing.insteadOf === undefined ? "" : `, and so is --${missing.insteadOf}`;
    throw fault(
      "MR_ARGUMENT_INVALID",
      `${missing.name} is missing${instead}: ${usageOf(command)}; ${missing.name}: ${missing.about}`,
    );
  }
  const extra = given[positionals.length];
  if (extra !== undefined && positionals.at(-1)?.isRest !== true) {
    throw fault("MR_ARGUMENT_INVALID", `"${extra}" is one word too many: ${usageOf(command)}`);
  }
}

/** `millrace submit JOBFILE [INPUT…] [flags]` */
export function usageOf(command: Command): string {
  const words = command.positionals.map((each) => {
    const name = each.isRest ? `${each.name}…` : each.name;
    return each.isOptional ? `[${name}]` : name;
  });
  const flags = command.flags.length > 0 ? ["[flags]"] : [];
  return ["millrace", command.name, ...words, ...flags].join(" ");
}
