import { existsSync } from "node:fs";
import { join } from "node:path";

/** What runs the commands of a job. */
export interface Shell {
  readonly path: string;
  /** Without it a pipeline whose last command succeeds is taken for a success. */
  readonly hasPipefail: boolean;
}

const usualFolders = ["/bin", "/usr/bin", "/usr/local/bin"];

/** `bash` where there is one, else `/bin/sh`. @param searchPath as in `PATH` */
export function findShell(searchPath = ""): Shell {
  const folders = [...usualFolders, ...searchPath.split(":").filter((each) => each !== "")];
  const bash = folders.map((folder) => join(folder, "bash")).find((path) => existsSync(path));
  if (bash !== undefined) return { path: bash, hasPipefail: true };
  return { path: "/bin/sh", hasPipefail: false };
}

/**
 * Before the command a watcher starts in its process group, which ends the whole group when descriptor
 * 3 ends: that is a pipe whose other end only the worker's thread has, so that nothing is left running
 * whatever becomes of thread and worker. Then a second shell takes the place of the first, so that a
 * `wait` in the command does not wait for the watcher.
 */
const watched = '(read -r _; kill -KILL 0) <&3 >/dev/null 2>&1 3<&- & exec 3<&-; exec "$0" "$@"';

/** The arguments that run a command under its watcher. */
export function shellArguments(shell: Shell, command: string): string[] {
  const pipefail = shell.hasPipefail ? ["-o", "pipefail"] : [];
  return ["-c", watched, shell.path, ...pipefail, "-c", command];
}
