import type { LoadedSettings } from "./load.js";
import { configEnvironment } from "./load.js";
import { settingRows, type Program, type Settings } from "./settings.js";

export interface ShownSetting {
  readonly name: string;
  /** Secrets are shown as `(hidden)`. */
  readonly value: string | number | boolean | null;
  readonly source: string;
  readonly environment: string;
  readonly flag: string;
}

/** Every setting with its value and source, safe to print. */
export function showSettings(loaded: LoadedSettings): ShownSetting[] {
  return settingRows.map(([name, row]) => {
    const value = loaded.settings[name];
    return {
      name,
      value: row.isSecret && value !== null ? "(hidden)" : value,
      source: loaded.sources[name],
      environment: row.environment,
      flag: `--${row.flag}`,
    };
  });
}

/**
 * The environment of a process that shall run with exactly these settings: ours, without any
 * `MILLRACE_` variable, then one for each setting; no configuration file is read there.
 */
export function childEnvironment(
  settings: Settings,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const child: Record<string, string> = { [configEnvironment]: "none" };
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !name.startsWith("MILLRACE_")) child[name] = value;
  }
  for (const [name, row] of settingRows) {
    const value = settings[name];
    if (value !== null) child[row.environment] = String(value);
  }
  return child;
}

/** The page of all settings, as Markdown. */
export function settingsPage(): string {
  const lines = [
    "# Settings",
    "",
    "Written by `npm run docs`; change `shared/config/settings.ts` instead.",
    "",
    "Defaults come first, then `millrace.config.json` in the current folder (or the file that",
    "`--config` or `MILLRACE_CONFIG` names; `none` reads none), then the environment, then flags.",
    'In the file a setting goes by its name: `{ "port": 7500 }`. Relative paths start from the',
    "file's folder there, elsewhere from the current folder. Every value that is not right is",
    "reported at once, and unknown names are warned about. `millrace config show` prints each value",
    "and where it came from. Sizes take `KB MB GB` (thousands) and `KiB MiB GiB` (1024s).",
    "",
  ];
  for (const [name, row] of settingRows) {
    lines.push(
      `## ${name}`,
      "",
      row.about,
      "",
      `- flag \`--${row.flag}\`, environment \`${row.environment}\``,
      `- default: ${row.defaultText.startsWith("`") ? row.defaultText : `\`${row.defaultText}\``}`,
      `- allowed: ${row.parser.allowed}`,
      `- used by: ${row.usedBy.join(", ")}${row.isSecret ? "; secret, never shown" : ""}`,
      "",
    );
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

/** The flags of the settings that a program uses. */
export function settingFlags(program: Program): string[] {
  return settingRows.filter(([, row]) => row.usedBy.includes(program)).map(([, row]) => row.flag);
}
