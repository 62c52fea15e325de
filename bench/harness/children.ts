import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { fault } from "#shared/errors/fault";
import { MemoryWatch } from "./memory.js";

export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Standard output goes here; absent: it is dropped. */
  readonly outputPath?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Measured {
  readonly wallMs: number;
  /** Of the whole process tree; see MemoryWatch. */
  readonly peakBytes: number | null;
}

const stderrBytesMax = 16 * 1024;
/** After a polite signal, before the one that cannot be refused. */
const graceMs = 10_000;

/** Every process that the bench started, so that none outlives it. */
export class Children {
  readonly #running = new Set<ChildProcess>();
  #isClosed = false;

  /** Starts a process in a group of its own, so that it ends with all that it starts. */
  start(command: Command, stdout: "pipe" | "ignore" | number): ChildProcess {
    if (this.#isClosed) throw fault("MR_INTERNAL", "the bench is ending: nothing is started");
    const child = spawn(command.program, command.arguments, {
      detached: true,
      env: { ...command.environment },
      stdio: ["ignore", stdout, "pipe"],
    });
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    child.once("error", () => this.#running.delete(child));
    return child;
  }

  /** Runs a command to its end. @throws MR_INTERNAL with the end of its standard error */
  async measure(command: Command): Promise<Measured> {
    const { outputPath } = command;
    const output = outputPath === undefined ? null : fs.openSync(outputPath, "w");
    try {
      const startedMs = performance.now();
      const child = this.start(command, output ?? "ignore");
      const tail = tailOf(child);
      const watch = new MemoryWatch(child.pid === undefined ? [] : [child.pid]);
      watch.start();
      let endedMs = 0;
      child.once("exit", () => (endedMs = performance.now()));
      const [code, signal] = await ended(child).finally(() => watch.stop());
      if (code !== 0) throw failed(command, code ?? signal ?? "unknown", tail());
      return { wallMs: endedMs - startedMs, peakBytes: watch.peakBytes };
    } finally {
      if (output !== null) fs.closeSync(output);
    }
  }

  /** Ends a process that `start` gave, with its group. */
  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    signalGroup(child, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child, "SIGKILL"), graceMs);
    await gone;
    clearTimeout(timer);
    // Whatever it left behind in its group.
    signalGroup(child, "SIGKILL");
  }

  /** Kills everything at once; nothing can be started afterwards. */
  killAll(): void {
    this.#isClosed = true;
    for (const child of this.#running) signalGroup(child, "SIGKILL");
  }
}

async function ended(child: ChildProcess): Promise<[number | null, string | null]> {
  // "close" comes after "exit", when standard error was read to its end.
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return [code, signal];
}

/** @returns what the process wrote last to standard error, so far */
export function tailOf(child: ChildProcess): () => string {
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-stderrBytesMax);
  });
  return () => tail;
}

function failed(command: Command, code: number | string, tail: string): Error {
  const program = [command.program, ...command.arguments].join(" ").slice(0, 200);
  return fault("MR_INTERNAL", `a program failed: ${tail.trim()}`, { program, code });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
}
