import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { systemClock, systemIds, systemRandom, systemTimers } from "#shared/clock/system";
import { loadSettings, type LoadedSettings } from "#shared/config/load";
import { httpUrlOf } from "#shared/config/parsers";
import { settingFlags } from "#shared/config/show";
import type { Settings } from "#shared/config/settings";
import { userEnvironment } from "#shared/config/user-environment";
import { asFault, fault, messageOf } from "#shared/errors/fault";
import { kindRules } from "#shared/errors/kinds";
import { componentLogger, createLogger, type Logger } from "#shared/log/logger";
import { LocalStorage } from "#shared/storage/local";
import { ThreadPool } from "#worker/sandbox/thread-pool";
import { Session } from "#worker/session/session";
import { startRunServer } from "#worker/shuffle/run-server";
import { Bundles } from "#worker/task/bundles";
import { Leavings } from "#worker/task/leavings";
import { Scratch } from "#worker/task/scratch";
import { Tasks } from "#worker/task/tasks";

/** What is still open at the end has so long to close. */
const closeTimeoutMs = 5_000;

const rssBytes = (): number => process.memoryUsage.rss();

async function main(): Promise<void> {
  let log: Logger | null = null;
  try {
    const loaded = load();
    const { settings } = loaded;
    log = createLogger({
      level: settings.logLevel,
      file: settings.logFile,
      base: { program: "worker", workerId: settings.workerName, pid: process.pid },
    });
    for (const warning of loaded.warnings) log.warn({ warning }, "setting without effect");
    stopOnBugs(log);
    process.exitCode = await runWorker(settings, log);
  } catch (error) {
    const known = asFault(error);
    log ??= createLogger({ level: "info", file: null, base: { program: "worker" } });
    log.fatal({ err: known, code: known.code }, "the worker cannot run");
    process.exitCode = kindRules[known.kind].exitCode;
  }
  // Threads in native code and sockets of peers must not keep the process.
  process.exit();
}

function load(): LoadedSettings {
  const flags = [...settingFlags("worker"), "config"];
  const options = Object.fromEntries(flags.map((flag) => [flag, { type: "string" as const }]));
  let flagged: Readonly<Record<string, string | undefined>>;
  try {
    flagged = parseArgs({ options, strict: true }).values;
  } catch (error) {
    throw fault("MR_ARGUMENT_INVALID", messageOf(error), {}, error);
  }
  return loadSettings({ flags: flagged });
}

/** @returns the exit code */
async function runWorker(settings: Settings, log: Logger): Promise<number> {
  const { scratchFolder, token } = settings;
  const scratch = new Scratch(scratchFolder);
  try {
    scratch.clean();
    const runServer = await startRunServer({
      scratchFolder,
      host: settings.workerHost,
      port: settings.workerPort,
      token,
    });
    const tasks = makeTasks(settings, log);
    const address = advertised(runServer.address, settings.advertisedHost);
    const session = makeSession(settings, tasks, address, log);
    drainOnSignals(session, settings.drainTimeoutMs);
    session.start();
    const exitCode = await session.ended;
    await within(closeTimeoutMs, Promise.all([tasks.close(), runServer.close()]));
    scratch.clean();
    return exitCode;
  } finally {
    scratch.release();
  }
}

function makeTasks(settings: Settings, log: Logger): Tasks {
  const { scratchFolder, token, slotMemoryBytes, slots } = settings;
  const pool = new ThreadPool({
    threadUrl: new URL("./sandbox/thread.js", import.meta.url),
    slots,
    slotMemoryBytes,
    env: userEnvironment(),
    clock: systemClock,
    timers: systemTimers,
    warmUpFolder: settings.warmUp ? join(scratchFolder, "warm-up") : null,
    rssBytes,
  });
  const bundles = new Bundles({
    masterHttpUrl: httpUrlOf(settings.masterUrl),
    token,
    scratchFolder,
    random: systemRandom,
    timers: systemTimers,
    ids: systemIds,
  });
  // A log that a power cut takes is no loss; a pending part is the master's to remove in the end.
  const storage = new LocalStorage("/", { durable: false });
  return new Tasks({
    workerId: settings.workerName,
    scratchFolder,
    slots,
    slotMemoryBytes,
    token,
    logBytesMax: settings.attemptLogBytesMax,
    pool,
    bundles,
    leavings: new Leavings(scratchFolder, settings.dataFolder, storage),
    log: componentLogger(log, "task"),
  });
}

function makeSession(settings: Settings, tasks: Tasks, address: string, log: Logger): Session {
  const workerId = settings.workerName;
  let isReady = false;
  return new Session({
    socketUrl: `${settings.masterUrl}/ws/worker`,
    token: settings.token,
    identity: {
      workerId,
      processId: randomUUID(),
      slots: settings.slots,
      slotMemoryBytes: settings.slotMemoryBytes,
      runAddress: address,
      version: packageVersion(),
    },
    tasks,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    rssBytes,
    log: componentLogger(log, "session"),
    onRegistered: () => {
      if (isReady) return;
      isReady = true;
      process.stdout.write(`${JSON.stringify({ event: "ready", workerId, address })}\n`);
    },
  });
}

/** The first signal drains, the second ends at once. */
function drainOnSignals(session: Session, drainTimeoutMs: number): void {
  let isDraining = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isDraining) process.exit(128 + constants.signals[signal]);
      isDraining = true;
      session.drain(drainTimeoutMs);
    });
  }
}

/** After a bug in the main thread the master sees us leave and runs the attempts elsewhere. */
function stopOnBugs(log: Logger): void {
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "the worker has a bug and stops");
    process.exit(kindRules.internal.exitCode);
  });
  // Whoever started us may be gone; that is no reason to stop.
  process.stdout.on("error", () => {});
}

function advertised(address: string, host: string): string {
  const url = new URL(address);
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return `${url.protocol}//${name}:${url.port}`;
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const timeout = new Promise<void>((resolve) => {
    systemTimers.after(timeoutMs, resolve);
  });
  await Promise.race([work, timeout]);
}

await main();
