import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { childEnvironment } from "#shared/config/show";
import type { Settings } from "#shared/config/settings";
import { fault, type Fault } from "#shared/errors/fault";
import { builtFile } from "./installation.js";

export const masterReadySchema = z.object({ event: z.literal("ready"), url: z.string() });
export const workerReadySchema = z.object({
  event: z.literal("ready"),
  workerId: z.string(),
  address: z.string(),
});

export interface ProgramOptions<Ready> {
  readonly program: "master" | "worker";
  readonly settings: Settings;
  readonly readySchema: z.ZodType<Ready>;
  /** `inherit` shows the program's log; `keep` keeps its last lines for a failure's message. */
  readonly stderr: "inherit" | "keep";
  readonly readyWithinMs?: number;
}

/** A master or worker as a child process that said it is ready. */
export interface Program<Ready> {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ready: Ready;
  /** Resolves when it ended, however that came; never rejects. */
  readonly ended: Promise<Ending>;
  /** Asks it to end (SIGTERM), and ends it after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Last lines on standard error, when they were kept. */
  readonly lastLines: readonly string[];
}

const keptLines = 20;
/** Children that run now, ended with this process whatever ends it, short of SIGKILL. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * Starts a program in a process group of its own, so that Ctrl-C reaches it only through us.
 * @throws MR_INTERNAL with the last lines of its log when it ends or stays silent instead of being ready
 */
export async function startProgram<Ready>(options: ProgramOptions<Ready>): Promise<Program<Ready>> {
  const { program } = options;
  const child = spawn(process.execPath, [builtFile(`${program}/main.js`)], {
    env: childEnvironment(options.settings),
    stdio: ["ignore", "pipe", options.stderr === "inherit" ? "inherit" : "pipe"],
    detached: true,
  });
  running.add(child);
  const lastLines: string[] = [];
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
    });
  }
  const ended = new Promise<Ending>((resolve) => {
    const settle = (exitCode: number | null, signal: string | null): void => {
      running.delete(child);
      resolve({ exitCode, signal, lastLines });
    };
    child.once("close", settle);
    child.once("error", (error) => {
      lastLines.push(error.message);
      settle(null, null);
    });
  });
  const stop = (graceMs: number) => stopChild(child, ended, graceMs);
  try {
    const ready = await waitUntilReady(child, options, ended);
    return { child, pid: child.pid ?? 0, ready, ended, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

async function waitUntilReady<Ready>(
  child: ChildProcess,
  options: ProgramOptions<Ready>,
  ended: Promise<Ending>,
): Promise<Ready> {
  const withinMs = options.readyWithinMs ?? 30_000;
  const timeout = new AbortController();
  const tooLate = new Promise<Fault>((resolve) => {
    const timer = setTimeout(
      () => resolve(fault("MR_INTERNAL", `the ${options.program} is not ready`, { withinMs })),
      withinMs,
    );
    timeout.signal.addEventListener("abort", () => clearTimeout(timer));
  });
  const died = ended.then((ending) => startFault(options, ending));
  const ready = new Promise<{ readonly ready: Ready }>((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const parsed = options.readySchema.safeParse(parseJson(line));
      if (parsed.success) resolve({ ready: parsed.data });
    });
  });
  const first = await Promise.race([ready, died, tooLate]);
  timeout.abort();
  if (first instanceof Error) throw first;
  return first.ready;
}

function startFault<Ready>({ program, settings }: ProgramOptions<Ready>, ending: Ending): Fault {
  const how = ending.signal === null ? `exit code ${ending.exitCode}` : `signal ${ending.signal}`;
  const said = ending.lastLines.length > 0 ? ending.lastLines : lastTrouble(settings.logFile);
  const lines = said.map((line) => `\n  ${readableLine(line)}`).join("");
  return fault("MR_INTERNAL", `the ${program} did not start (${how})${lines}`);
}

/** The last line of a log that tells of an error, if there is any. */
function lastTrouble(logFile: string | null): string[] {
  if (logFile === null || !existsSync(logFile)) return [];
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-keptLines);
  return lines.filter((line) => /"level":"(?:error|fatal)"/.test(line)).slice(-1);
}

/** The message of a JSON log line, or the line itself. */
function readableLine(line: string): string {
  const json = parseJson(line);
  if (typeof json !== "object" || json === null || !("msg" in json)) return line;
  const reason =
    "err" in json && typeof json.err === "object" && json.err !== null && "message" in json.err
      ? `: ${String(json.err.message)}`
      : "";
  return `${String(json.msg)}${reason}`;
}

async function stopChild(
  child: ChildProcess,
  ended: Promise<Ending>,
  graceMs: number,
): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(graceMs > 0 ? "SIGTERM" : "SIGKILL");
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), Math.max(1, graceMs));
  await ended;
  clearTimeout(timer);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
