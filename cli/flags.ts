import { settingRows, type Program } from "#shared/config/settings";
import type { Flag } from "./command.js";

export const jsonFlag: Flag = { name: "json", about: "Print JSON instead of text for people." };

const configFlag: Flag = {
  name: "config",
  value: "FILE",
  about: "Configuration file instead of ./millrace.config.json; none reads no file.",
};

/** The settings of a program as flags. */
export function settingFlagsOf(
  programs: readonly Program[],
  without: readonly string[] = [],
): Flag[] {
  const rows = settingRows.filter(
    ([, row]) =>
      row.usedBy.some((program) => programs.includes(program)) && !without.includes(row.flag),
  );
  const flags = rows.map(([, row]): Flag => ({
    name: row.flag,
    value: "VALUE",
    about: `${row.about} (${row.defaultText.replaceAll("`", "")})`,
  }));
  return [...flags, configFlag];
}

/** Flags of every command that talks to a master. */
export const connectFlags: readonly Flag[] = [...settingFlagsOf(["cli"]), jsonFlag];

export const waitFlag: Flag = {
  name: "wait",
  about: "Show progress until the job ends; Ctrl-C leaves it running.",
};

/** Flags that say what a job reads and writes. */
export const jobFlags: readonly Flag[] = [
  {
    name: "input",
    value: "PATH",
    isRepeatable: true,
    about: "File, folder or glob to read, NAME=PATH where inputs have names; may be given again.",
  },
  {
    name: "side",
    value: "NAME=FILE",
    isRepeatable: true,
    about: "A side input that every task gets whole; may be given again.",
  },
  { name: "output", value: "PATH", about: "Folder to write; must be new, empty or overwritten." },
  { name: "overwrite", about: "Replace an output that exists once the job has succeeded." },
  { name: "name", value: "NAME", about: "Name of the job instead of the one in its file." },
  {
    name: "param",
    value: "NAME=VALUE",
    isRepeatable: true,
    about: "A parameter that the job declares; may be given again.",
  },
  {
    name: "reducers",
    value: "N",
    about: "Number of reduce tasks of the last step, and so of parts.",
  },
  {
    name: "split-bytes",
    value: "SIZE",
    about: "Target size of one map task's input in every step, such as 64MiB.",
  },
  { name: "attempts", value: "N", about: "Failures of one task that fail the job." },
  {
    name: "task-timeout-ms",
    value: "MS",
    about: "An attempt without progress for so long is ended.",
  },
];
