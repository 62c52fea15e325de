import { lineBorder } from "../programs/lines.js";
import {
  commandContender,
  programVersion,
  type Contender,
  type Surroundings,
} from "./contender.js";

export interface MawkFacts {
  readonly name: string;
  readonly about: string;
  readonly program: string;
  /** What its output goes through, a stage of a pipeline in bash; `cat` where nothing is done. */
  readonly pipe: string;
}

/** mawk in one process over the whole file. */
export function mawkContender(surroundings: Surroundings, facts: MawkFacts): Contender {
  return commandContender(surroundings, {
    ...presence(),
    name: facts.name,
    about: facts.about,
    command: ({ input }, output) => ({
      program: "bash",
      arguments: [
        ...bash(`mawk "$1" "$2" | ${facts.pipe} > "$3"`),
        facts.program,
        input.path,
        output,
      ],
    }),
  });
}

/**
 * Two mawks at once over one half each.
 * @param facts `merge` is a command that writes both halves, given as two files, to its standard output;
 *   `addUp` is the mawk program that this goes through
 */
export function mawkHalves(
  surroundings: Surroundings,
  facts: MawkFacts & { readonly merge: string; readonly addUp?: string },
): Contender {
  const addUp = facts.addUp === undefined ? "cat" : 'mawk "$5"';
  const script = [
    `head -c "$4" "$2" | mawk "$1" | ${facts.pipe} > "$3.a" &`,
    `tail -c "+$(($4 + 1))" "$2" | mawk "$1" | ${facts.pipe} > "$3.b"`,
    "wait $!",
    `${facts.merge} "$3.a" "$3.b" | ${addUp} > "$3"`,
  ].join("\n");
  return commandContender(surroundings, {
    ...presence(),
    name: facts.name,
    about: facts.about,
    command: ({ input }, output) => ({
      program: "bash",
      arguments: [
        ...bash(script),
        facts.program,
        input.path,
        output,
        String(lineBorder(input.path)),
        facts.addUp ?? "",
      ],
    }),
  });
}

/** A script of bash that fails when any command of a pipeline does; what follows are `$1`, `$2` … */
export function bash(script: string): string[] {
  return ["-euo", "pipefail", "-c", script, "bash"];
}

function presence() {
  return {
    version: programVersion("mawk", "-Wv"),
    absence: "mawk is not installed (apt install mawk)",
  };
}
