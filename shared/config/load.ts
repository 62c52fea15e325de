import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fault, messageOf } from "#shared/errors/fault";
import { isLoopback } from "./parsers.js";
import { nearestName } from "./nearest.js";
import {
  settingRows,
  type DefaultContext,
  type Setting,
  type SettingName,
  type Settings,
} from "./settings.js";

/** Where a value came from; later ones win. */
export type SettingSource = "default" | "file" | "environment" | "flag";

export interface LoadedSettings {
  readonly settings: Settings;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
  /** One sentence each, for a person. */
  readonly warnings: readonly string[];
  /** The file that was read, if any. */
  readonly configFile: string | null;
}

export interface LoadOptions {
  /** By flag name without dashes (`slot-memory`); undefined is absent. `config` names the file. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** Read from the current folder when it is there. */
export const configFileName = "millrace.config.json";
/** Names the configuration file, like `--config`; `none` reads no file. */
export const configEnvironment = "MILLRACE_CONFIG";

interface Given {
  readonly value: unknown;
  readonly source: Exclude<SettingSource, "default">;
  /** As the operator wrote it: `--port`, `MILLRACE_PORT`, `port in /etc/millrace.json`. */
  readonly place: string;
  /** Folder that relative paths start from. */
  readonly base: string;
}

/**
 * Loads all settings: defaults, then the file, then the environment, then flags.
 * @throws MR_SETTING_INVALID with every fault at once
 */
export function loadSettings(options: LoadOptions = {}): LoadedSettings {
  const cwd = options.cwd ?? process.cwd();
  const env = options.env ?? process.env;
  const warnings: string[] = [];
  const problems: string[] = [];
  const named = options.flags?.["config"] ?? (env[configEnvironment] || undefined);
  const file = readConfigFile(named, cwd);

  warnAboutUnknown(file.values, env, options.flags ?? {}, warnings);
  const values: Record<string, unknown> = {};
  const sources: Record<string, SettingSource> = {};
  for (const [name, row] of settingRows) {
    const given = findGiven(name, row, { file, env, flags: options.flags ?? {}, cwd });
    const context = { cwd, ...values } as unknown as DefaultContext;
    sources[name] = given?.source ?? "default";
    if (given === null) {
      values[name] = row.default(context);
      continue;
    }
    const parsed = row.parser.schema.safeParse(given.value);
    if (parsed.success) {
      values[name] = row.isPath ? path.resolve(given.base, String(parsed.data)) : parsed.data;
    } else {
      problems.push(problemOf(row, given));
      values[name] = row.default(context);
    }
  }
  const settings = values as unknown as Settings;
  problems.push(...problemsBetween(settings));
  if (problems.length > 0) throw settingsFault(problems);
  return {
    settings,
    sources: sources as Record<SettingName, SettingSource>,
    warnings,
    configFile: file.path,
  };
}

interface ConfigFile {
  readonly path: string | null;
  readonly values: Readonly<Record<string, unknown>>;
}

function readConfigFile(named: string | undefined, cwd: string): ConfigFile {
  if (named === "none") return { path: null, values: {} };
  const file = path.resolve(cwd, named ?? configFileName);
  if (!existsSync(file)) {
    if (named === undefined) return { path: null, values: {} };
    throw fault("MR_SETTING_INVALID", "the configuration file does not exist", { file });
  }
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = messageOf(error);
    throw fault(
      "MR_SETTING_INVALID",
      "the configuration file is not JSON",
      { file, reason },
      error,
    );
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw fault("MR_SETTING_INVALID", "the configuration file must hold a JSON object", { file });
  }
  return { path: file, values: values as Record<string, unknown> };
}

function findGiven(
  name: SettingName,
  row: Setting<string | number | null>,
  from: {
    readonly file: ConfigFile;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly flags: Readonly<Record<string, string | undefined>>;
    readonly cwd: string;
  },
): Given | null {
  const flag = from.flags[row.flag];
  if (flag !== undefined) {
    return { value: flag, source: "flag", place: `--${row.flag}`, base: from.cwd };
  }
  // An empty variable counts as absent: compose files and shells set them so.
  const variable = from.env[row.environment];
  if (variable !== undefined && variable !== "") {
    return { value: variable, source: "environment", place: row.environment, base: from.cwd };
  }
  const { path: file, values } = from.file;
  if (file === null || !Object.hasOwn(values, name) || values[name] === null) return null;
  return {
    value: values[name],
    source: "file",
    place: `${name} in ${file}`,
    base: path.dirname(file),
  };
}

function problemOf(row: Setting<string | number | null>, given: Given): string {
  const shown = row.isSecret ? "a hidden value" : JSON.stringify(given.value);
  return `${given.place} is ${shown}; allowed: ${row.parser.allowed}`;
}

function problemsBetween(settings: Settings): string[] {
  const problems: string[] = [];
  if (settings.leaseMs <= 2 * settings.heartbeatMs) {
    const allowed = `more than twice heartbeatMs (${settings.heartbeatMs})`;
    problems.push(`leaseMs is ${settings.leaseMs}; allowed: ${allowed}`);
  }
  if (settings.retryMaxMs < settings.retryBaseMs) {
    const allowed = `at least retryBaseMs (${settings.retryBaseMs})`;
    problems.push(`retryMaxMs is ${settings.retryMaxMs}; allowed: ${allowed}`);
  }
  for (const field of ["host", "workerHost"] as const) {
    if (settings.token !== null || isLoopback(settings[field])) continue;
    problems.push(
      `${field} is ${JSON.stringify(settings[field])}, which other machines may reach; ` +
        "allowed without a token: only loopback (127.0.0.1, ::1, localhost); " +
        "set MILLRACE_TOKEN to a secret that all machines of the cluster share",
    );
  }
  return problems;
}

function settingsFault(problems: readonly string[]): Error {
  const [first] = problems;
  if (problems.length === 1) return fault("MR_SETTING_INVALID", `setting: ${first}`);
  const list = problems.map((problem) => `\n  ${problem}`).join("");
  return fault("MR_SETTING_INVALID", `${problems.length} settings are not right:${list}`);
}

function warnAboutUnknown(
  fileValues: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, string | undefined>>,
  warnings: string[],
): void {
  const check = (given: readonly string[], known: readonly string[], shape: string): void => {
    for (const name of given) {
      if (known.includes(name)) continue;
      const nearest = nearestName(name, known);
      const hint = nearest === null ? "" : `; did you mean ${nearest}?`;
      warnings.push(`${shape} ${name} is not known and has no effect${hint}`);
    }
  };
  const variables = Object.keys(env).filter((name) => name.startsWith("MILLRACE_"));
  check(
    Object.keys(fileValues),
    settingRows.map(([name]) => name),
    "the setting",
  );
  check(
    variables,
    [...settingRows.map(([, row]) => row.environment), configEnvironment],
    "the environment variable",
  );
  const givenFlags = Object.keys(flags).filter((name) => flags[name] !== undefined);
  check(givenFlags, [...settingRows.map(([, row]) => row.flag), "config"], "the flag");
}
