import { lineBorder } from "../programs/lines.js";
import {
  commandContender,
  programVersion,
  type Contender,
  type Surroundings,
} from "./contender.js";
import { bash, mawkContender, mawkHalves } from "./mawk.js";

/** Others who pick the lines of an access log that were answered with an error. */
export function filterPeers(surroundings: Surroundings): Contender[] {
  const hasError = "$9 >= 400";
  return [
    mawkContender(surroundings, {
      name: "mawk",
      about: "mawk over the whole file",
      program: hasError,
      pipe: "cat",
    }),
    mawkHalves(surroundings, {
      name: "mawk-2",
      about: "two mawks over one half each",
      program: hasError,
      pipe: "cat",
      merge: "cat",
    }),
    grep(surroundings, "grep", "GNU grep over the whole file", 'grep -E "$1" "$2" > "$3"'),
    grep(
      surroundings,
      "grep-2",
      "two greps over one half each",
      [
        'head -c "$4" "$2" | grep -E "$1" > "$3.a" &',
        'tail -c "+$(($4 + 1))" "$2" | grep -E "$1" > "$3.b"',
        "wait $!",
        'cat "$3.a" "$3.b" > "$3"',
      ].join("\n"),
    ),
  ];
}

/** The status stands behind the request's last quote and before a number. */
const errorPattern = '" [45][0-9][0-9] [0-9]';

function grep(surroundings: Surroundings, name: string, about: string, script: string): Contender {
  return commandContender(surroundings, {
    name,
    about,
    version: programVersion("grep", "--version"),
    absence: "GNU grep is not installed (apt install grep)",
    command: ({ input }, output) => ({
      program: "bash",
      arguments: [
        ...bash(script),
        errorPattern,
        input.path,
        output,
        String(lineBorder(input.path)),
      ],
    }),
  });
}
