import { fault } from "#shared/errors/fault";
import { parseSizeBytes } from "#shared/config/parsers";
import type { Terminal } from "./terminal.js";

export interface Flag {
  readonly name: string;
  /** What stands after the flag in help, `PATH`; absent: the flag is a switch. */
  readonly value?: string;
  readonly isRepeatable?: boolean;
  readonly about: string;
}

export interface Positional {
  /** In capitals, as in help: `JOBFILE`. */
  readonly name: string;
  readonly about: string;
  readonly isOptional?: boolean;
  /** A flag that takes its place: with it there is no such word. */
  readonly insteadOf?: string;
  /** Takes all that is left. */
  readonly isRest?: boolean;
}

export interface Example {
  readonly line: string;
  readonly about: string;
}

/** One row of the table of commands: help, documentation and parsing are made from it. */
export interface Command {
  /** One word or two: `submit`, `config show`. */
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  readonly positionals: readonly Positional[];
  readonly flags: readonly Flag[];
  readonly examples: readonly Example[];
  /** Further sentences for its own help. */
  readonly notes?: readonly string[];
  /** @returns the exit code; throws a Fault for anything that has a kind */
  readonly run: (invocation: Invocation) => Promise<number>;
}

type FlagValue = string | boolean | (string | boolean)[] | undefined;

/** One call of a command: what was written behind it, and where it may write. */
export class Invocation {
  readonly cwd: string;
  readonly terminal: Terminal;
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, FlagValue>>;

  constructor(from: {
    readonly cwd: string;
    readonly terminal: Terminal;
    readonly positionals: readonly string[];
    readonly values: Readonly<Record<string, FlagValue>>;
  }) {
    this.cwd = from.cwd;
    this.terminal = from.terminal;
    this.positionals = from.positionals;
    this.#values = from.values;
  }

  /** The positional at an index that the table says is there. */
  positional(index: number): string {
    return this.positionals[index] ?? "";
  }

  has(flag: string): boolean {
    return this.#values[flag] === true;
  }

  text(flag: string): string | undefined {
    const value = this.#values[flag];
    return typeof value === "string" ? value : undefined;
  }

  texts(flag: string): string[] {
    const value = this.#values[flag];
    if (Array.isArray(value)) return value.map(String);
    return typeof value === "string" ? [value] : [];
  }

  /** @throws MR_ARGUMENT_INVALID when the value is not a whole number in `min..max` */
  whole(flag: string, min: number, max: number): number | undefined {
    const given = this.text(flag);
    if (given === undefined) return undefined;
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw this.#refusal(flag, given, `a whole number from ${min} to ${max}`);
  }

  /** A size such as `64MiB`. @throws MR_ARGUMENT_INVALID */
  size(flag: string, max: number): number | undefined {
    const given = this.text(flag);
    if (given === undefined) return undefined;
    const value = parseSizeBytes(given);
    if (value !== null && value >= 1 && value <= max) return value;
    throw this.#refusal(flag, given, `a size from 1 to ${max} bytes, such as 1048576 or 64MiB`);
  }

  /** @throws MR_ARGUMENT_INVALID */
  oneOf<const Choice extends string>(flag: string, choices: readonly Choice[]): Choice | undefined {
    const given = this.text(flag);
    const found = choices.find((choice) => choice === given);
    if (given === undefined || found !== undefined) return found;
    throw this.#refusal(flag, given, `one of ${choices.join(", ")}`);
  }

  /** Prints a result: as JSON with `--json`, else as the lines for people. */
  print(json: unknown, lines: readonly string[]): void {
    if (this.has("json")) this.terminal.out(JSON.stringify(json, null, 2));
    else for (const line of lines) this.terminal.out(line);
  }

  /** All flags that have a text, for the settings. */
  settingFlags(names: readonly string[]): Record<string, string | undefined> {
    return Object.fromEntries(names.map((name) => [name, this.text(name)]));
  }

  #refusal(flag: string, given: string, allowed: string) {
    const shown = JSON.stringify(given);
    return fault("MR_ARGUMENT_INVALID", `--${flag} is ${shown}; allowed: ${allowed}`);
  }
}
