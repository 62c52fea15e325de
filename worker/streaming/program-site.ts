import { mkdirSync } from "node:fs";
import type { Program } from "#shared/authoring/programs";
import type { InputRange } from "#shared/model/split";
import { programEnvironment, type ProgramSituation } from "./environment.js";
import { putFiles } from "./job-files.js";
import type { OpenOurEnds } from "./pipes.js";
import { ProgramProcess } from "./program-process.js";
import { findShell } from "./shell.js";
import type { StderrHooks } from "./stderr-lines.js";

export type ProgramRole = "map" | "combine" | "reduce";

/** Where the programs of one attempt run, and what they are told and heard. */
export interface ProgramSite {
  /** Folder of the attempt's own that they run in; made when the first one starts. */
  readonly cwd: string;
  /** Folder of the job's own, for its files. */
  readonly filesFolder: string;
  readonly openOurEnds: OpenOurEnds;
  /** The environment of the worker. */
  readonly environment: Readonly<Record<string, string>>;
  readonly situation: Omit<ProgramSituation, "separator" | "keyFields" | "range">;
  readonly stderr: StderrHooks;
  readonly onLife: () => void;
  /** Told of the process group of a program, and of 0 when nothing of it is left. */
  readonly onGroup: (role: ProgramRole, group: number) => void;
}

/** Starts a program at its site. @param range what a mapper reads */
export function startProgram(
  site: ProgramSite,
  role: ProgramRole,
  program: Program,
  onOutput: (chunk: Buffer) => Promise<void> | null,
  range?: InputRange,
): Promise<ProgramProcess> {
  const { cwd, environment, situation, stderr, onLife, openOurEnds } = site;
  const { command, separator, keyFields } = program;
  mkdirSync(cwd, { recursive: true });
  putFiles(program.files, site.filesFolder, cwd);
  const shell = findShell(environment["PATH"]);
  if (!shell.hasPipefail) {
    stderr.log(
      "[millrace] there is no bash here: /bin/sh runs the program, and in a pipeline only the last " +
        "command's exit code counts\n",
    );
  }
  const told = { ...situation, separator, keyFields, ...(range && { range }) };
  return ProgramProcess.start({
    role,
    command,
    shell,
    cwd,
    openOurEnds,
    env: programEnvironment(environment, told, cwd, program.env),
    stderr,
    onOutput,
    onLife,
    onGroup: (group) => site.onGroup(role, group),
  });
}
