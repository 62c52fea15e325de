import type { AnyJobDefinition } from "#shared/authoring/any-job";
import { hasNamedInputs, inputNamesOf, sideNamesOf } from "#shared/authoring/spec";
import { fault } from "#shared/errors/fault";

/** Name of the input that has none of its own. */
const unnamed = "input";
const namedPattern = /^([a-z][a-z0-9_-]{0,62})=(.*)$/is;

/**
 * Sorts what `--input` gave by the name of the input. Where inputs have names it is `NAME=PATH`; a bare
 * path is for the only input, or for the one without a name. Where they have none, "=" is part of a path.
 * @returns the locations of every input, as written
 * @throws MR_ARGUMENT_INVALID naming what is wrong and every input that is missing
 */
export function assignInputs(
  definition: AnyJobDefinition,
  given: readonly string[],
): Map<string, string[]> {
  const names = inputNamesOf(definition);
  const found = new Map<string, string[]>(names.map((name) => [name, []]));
  const isNamed = hasNamedInputs(definition);
  const bare = names.length === 1 ? names[0] : names.find((name) => name === unnamed);
  for (const text of given) {
    const [, name = "", path = ""] = isNamed ? (namedPattern.exec(text) ?? []) : [];
    const list = found.get(name === "" ? (bare ?? "") : name);
    if (list === undefined) throw wrongInput(text, names, bare);
    const location = name === "" ? text : path;
    if (location === "") throw wrongInput(text, names, bare);
    list.push(location);
  }
  const missing = names.filter((name) => found.get(name)?.length === 0);
  if (missing.length > 0) throw missingInputs(missing, isNamed);
  return found;
}

function wrongInput(text: string, names: readonly string[], bare: string | undefined) {
  const shown = JSON.stringify(text);
  if (text === "") {
    return fault("MR_ARGUMENT_INVALID", `--input is ""; allowed: a file, a folder or a glob`);
  }
  if (names.length === 0) {
    return fault(
      "MR_ARGUMENT_INVALID",
      `--input is ${shown}; allowed: none, the job has no inputs`,
    );
  }
  const named = names.map((name) => `${name}=PATH`).join(", ");
  const plain = bare === undefined ? "" : ", or PATH alone (./PATH where it begins like NAME=)";
  return fault("MR_ARGUMENT_INVALID", `--input is ${shown}; allowed: ${named}${plain}`);
}

function missingInputs(missing: readonly string[], isNamed: boolean) {
  const form = isNamed ? missing.map((name) => `--input ${name}=PATH`).join(" ") : "--input PATH";
  const which = isNamed ? ` for ${missing.join(", ")}` : "";
  return fault(
    "MR_ARGUMENT_INVALID",
    `--input is missing${which}; allowed: ${form} with a file, a folder or a glob`,
  );
}

/**
 * Sorts what `--side` gave by the name of the side input.
 * @throws MR_ARGUMENT_INVALID naming what is wrong, or every side input that is missing
 */
export function assignSides(
  definition: AnyJobDefinition,
  given: readonly string[],
): Map<string, string[]> {
  const names = sideNamesOf(definition);
  const found = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const text of given) {
    const [, name = "", path = ""] = namedPattern.exec(text) ?? [];
    const list = found.get(name);
    if (list === undefined || path === "") throw wrongSide(text, names);
    list.push(path);
  }
  const missing = names.filter((name) => found.get(name)?.length === 0);
  if (missing.length === 0) return found;
  const form = missing.map((name) => `--side ${name}=FILE`).join(" ");
  throw fault(
    "MR_ARGUMENT_INVALID",
    `--side is missing for ${missing.join(", ")}; allowed: ${form}`,
  );
}

function wrongSide(text: string, names: readonly string[]) {
  const allowed =
    names.length === 0
      ? "none, the job has no side inputs"
      : names.map((name) => `${name}=FILE`).join(", ");
  return fault("MR_ARGUMENT_INVALID", `--side is ${JSON.stringify(text)}; allowed: ${allowed}`);
}
