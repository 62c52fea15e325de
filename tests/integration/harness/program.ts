import { spawn, type ChildProcess } from "node:child_process";
import { openSync, closeSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import path from "node:path";
import { z } from "zod";
import { builtFile, packageRoot } from "#cli/installation";
import { patienceMs, until } from "./waiting.js";
import { userEnvironment } from "#shared/config/user-environment";

export type Environment = Readonly<Record<string, string>>;

export interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

const readySchema = z.object({
  event: z.literal("ready"),
  url: z.string().optional(),
  address: z.string().optional(),
});
type Ready = z.infer<typeof readySchema>;

/** Every process that was started here and runs; none outlives the tests. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** What a program of ours sees of the environment: nothing that the tests did not say. */
export function cleanEnvironment(given: Environment): NodeJS.ProcessEnv {
  return { ...userEnvironment(), NODE_OPTIONS: "", MILLRACE_CONFIG: "none", ...given };
}

/** A master or worker, as built, that said it is ready. */
export class Program {
  readonly pid: number;
  /** Resolves when it has ended, however that came. */
  readonly exited: Promise<Ending>;
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    exited: Promise<Ending>,
    readonly ready: Ready,
  ) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.exited = exited;
  }

  /**
   * @param through a command that runs the program in its place
   * @throws Error with the end of its log when it ends or stays silent instead of being ready
   */
  static async start(
    program: "master" | "worker",
    environment: Environment,
    logFile: string,
    through: readonly string[] = [],
  ): Promise<Program> {
    const log = openSync(logFile, "a");
    const words = [...through, process.execPath, builtFile(`${program}/main.js`)];
    const command = words.shift() ?? "";
    const child = spawn(command, words, {
      cwd: path.dirname(logFile),
      env: cleanEnvironment(environment),
      stdio: ["ignore", "pipe", log],
    });
    closeSync(log);
    const exited = exitOf(child);
    try {
      return new Program(child, exited, await readyLine(child, exited, program));
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`${program} did not start:\n${readFileSync(logFile, "utf8").slice(-2_000)}`, {
        cause: error,
      });
    }
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) process.kill(this.pid, signal);
  }

  /** Sends the signal and resolves when the process is gone. */
  kill(signal: NodeJS.Signals = "SIGKILL"): Promise<Ending> {
    this.signal(signal);
    return this.ended();
  }

  /** `exited`, but not waited for without end. */
  async ended(): Promise<Ending> {
    await until(`the end of process ${this.pid}`, () => !this.isRunning);
    return this.exited;
  }
}

function exitOf(child: ChildProcess): Promise<Ending> {
  running.add(child);
  return new Promise((resolve) => {
    const settle = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
      running.delete(child);
      resolve({ exitCode, signal });
    };
    child.once("exit", settle);
    child.once("error", () => settle(null, null));
  });
}

async function readyLine(
  child: ChildProcess,
  exited: Promise<Ending>,
  program: string,
): Promise<Ready> {
  const { stdout } = child;
  if (stdout === null) throw new Error(`${program} has no standard output`);
  const ready = new Promise<Ready>((resolve) => {
    createInterface({ input: stdout }).on("line", (line) => {
      const message = readySchema.safeParse(line.startsWith("{") ? JSON.parse(line) : null);
      if (message.success) resolve(message.data);
    });
  });
  const ended = exited.then(({ exitCode, signal }) => {
    throw new Error(`it ended before it was ready: exitCode=${exitCode} signal=${signal}`);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it is silent")), patienceMs);
  });
  try {
    return await Promise.race([ready, ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface CommandResult extends Ending {
  readonly out: string;
  readonly notes: string;
}

/** Runs the compiled command line to its end. */
export async function runCommand(
  argv: readonly string[],
  environment: Environment = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [builtFile("cli/main.js"), ...argv], {
    cwd: packageRoot,
    env: cleanEnvironment(environment),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, notes] = ["", ""];
  child.stdout.on("data", (text) => (out += String(text)));
  child.stderr.on("data", (text) => (notes += String(text)));
  const timer = setTimeout(() => child.kill("SIGKILL"), 2 * patienceMs);
  const ending = await exitOf(child);
  clearTimeout(timer);
  await Promise.all(
    [child.stdout, child.stderr].map(async (each) => {
      if (!each.readableEnded) await drained(each);
    }),
  );
  return { ...ending, out, notes };
}

function drained(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}
