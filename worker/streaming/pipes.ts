import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { fault } from "#shared/errors/fault";

/** A program's three streams, as file descriptors of one side. */
export interface Ends {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

export interface Pipes {
  /** The program's; they block, as programs expect it. */
  readonly theirs: Ends;
  /** Ours; they do not. Whoever wraps them in a socket owns them. */
  readonly ours: Ends;
  /** Name of the program's input, to be removed in the end; see `letOpen`. */
  readonly stdinPath: string;
}

/** Names of the pipes of one program. */
export interface PipePaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Opens our ends. In a thread this must be done by the main one: what a thread opens by number is closed
 * when it ends, although a socket may have closed it long before and the number be another's.
 */
export type OpenOurEnds = (paths: PipePaths) => Promise<Ends>;

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants;

/** See `OpenOurEnds`; somebody must have the program's end of `stdin` open. */
export function openOurEnds({ stdin, stdout, stderr }: PipePaths): Ends {
  const opened: number[] = [];
  const open = (path: string, flags: number): number => {
    const descriptor = fs.openSync(path, flags | O_NONBLOCK);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    const ours = open(stdin, O_WRONLY);
    return { stdin: ours, stdout: open(stdout, O_RDONLY), stderr: open(stderr, O_RDONLY) };
  } catch (error) {
    for (const descriptor of opened) fs.closeSync(descriptor);
    throw error;
  }
}

let next = 0;

/**
 * Real pipes for a program's three streams. What Node gives a child by itself are sockets, which cannot
 * be opened again by name: `echo … > /dev/stderr` and `cat /dev/stdin` fail on them, and scripts are
 * full of those.
 * @param folder where their names are for a moment
 * @throws MR_STORAGE_UNAVAILABLE
 */
export async function makePipes(folder: string, open: OpenOurEnds): Promise<Pipes> {
  const number = next++;
  const [stdin, stdout, stderr] = ["stdin", "stdout", "stderr"].map((name) =>
    join(folder, `.${name}-${number}`),
  ) as [string, string, string];
  const paths = [stdin, stdout, stderr];
  let kept: string | null = null;
  const opened: number[] = [];
  const openTheirs = (path: string, flags: number): number => {
    const descriptor = fs.openSync(path, flags);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    makeFifos(folder, paths);
    // Opening one end alone would wait for the other one: this one stands in for it.
    const both = fs.openSync(stdin, O_RDWR | O_NONBLOCK);
    try {
      const input = openTheirs(stdin, O_RDONLY);
      const ours = await open({ stdin, stdout, stderr });
      const output = openTheirs(stdout, O_WRONLY);
      const theirs = { stdin: input, stdout: output, stderr: openTheirs(stderr, O_WRONLY) };
      kept = stdin;
      return { ours, theirs, stdinPath: stdin };
    } finally {
      fs.closeSync(both);
    }
  } catch (error) {
    for (const descriptor of opened) fs.closeSync(descriptor);
    throw error;
  } finally {
    for (const path of paths) if (path !== kept) fs.rmSync(path, { force: true });
  }
}

/**
 * Lets a program open its input by name (`/dev/stdin`) when we have closed our end already: the system
 * lets whoever opens such a pipe wait until there is a writer, so there is one for a moment.
 */
export function letOpen(stdinPath: string): void {
  try {
    fs.closeSync(fs.openSync(stdinPath, O_WRONLY | O_NONBLOCK));
  } catch {
    // Nobody reads it.
  }
}

function makeFifos(folder: string, paths: readonly string[]): void {
  const made = spawnSync("mkfifo", ["-m", "600", ...paths], { encoding: "utf8" });
  if (made.status === 0) return;
  const reason = made.error?.message ?? made.stderr.trim();
  throw fault("MR_STORAGE_UNAVAILABLE", "cannot make pipes for a program", { folder, reason });
}
