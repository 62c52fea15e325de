import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createApp } from "#master/api/app";
import { Coordinator } from "#master/coordinate/coordinator";
import { SessionServer } from "#master/coordinate/session-server";
import { Journal } from "#master/journal/journal";
import { systemClock, systemIds, systemTimers } from "#shared/clock/system";
import { loadSettings, type LoadedSettings } from "#shared/config/load";
import { isUnspecified } from "#shared/config/parsers";
import type { Settings } from "#shared/config/settings";
import { asFault, fault } from "#shared/errors/fault";
import { kindRules } from "#shared/errors/kinds";
import { componentLogger, createLogger, type Logger } from "#shared/log/logger";
import { MasterMetrics } from "#shared/metrics/master-metrics";
import { LocalStorage } from "#shared/storage/local";

/** Requests that are under way when the master is told to stop get so long. */
const closeWithinMs = 2_000;

interface Master {
  readonly url: string;
  stop(): Promise<void>;
}

async function startMaster(settings: Settings, log: Logger): Promise<Master> {
  const version = readVersion();
  const { dataFolder, token, leaseMs, heartbeatMs, retentionJobs } = settings;
  const metrics = new MasterMetrics();
  const backend = new LocalStorage("/");
  const journal = new Journal(join(settings.journalFolder, "journal.sqlite"), version);
  const coordinator = new Coordinator({
    settings: {
      heartbeatMs,
      leaseMs,
      retentionJobs,
      compression: settings.shuffleCompression,
      schedule: { retryBaseMs: settings.retryBaseMs, retryMaxMs: settings.retryMaxMs },
    },
    journal,
    backend,
    dataFolder,
    clock: systemClock,
    timers: systemTimers,
    log: componentLogger(log, "coordinator"),
    metrics,
    onFatal: (error) => die(log, error),
  });
  const app = createApp({
    coordinator,
    backend,
    dataFolder,
    token,
    version,
    clock: systemClock,
    ids: systemIds,
    log: componentLogger(log, "api"),
    metrics,
  });
  const sessions = new SessionServer({
    token,
    timers: systemTimers,
    log: componentLogger(log, "sessions"),
    metrics,
    handler: coordinator,
  });
  const http = createServer(app);
  sessions.attach(http);
  await listen(http, settings);
  await coordinator.start();
  return {
    url: urlOf(http),
    async stop() {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeIdleConnections();
      await coordinator.stop();
      sessions.close();
      const force = setTimeout(() => http.closeAllConnections(), closeWithinMs);
      await closed;
      clearTimeout(force);
      journal.close();
      metrics.close();
    },
  };
}

function listen(http: Server, { host, port }: Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code ?? error.message;
      reject(fault("MR_ADDRESS_UNUSABLE", "cannot listen there", { host, port, reason }, error));
    });
    http.listen(port, host, resolve);
  });
}

/** Where programs on this machine reach it. */
function urlOf(http: Server): string {
  const { address, port } = http.address() as AddressInfo;
  const isV6 = address.includes(":");
  if (isUnspecified(address)) return `http://${isV6 ? "[::1]" : "127.0.0.1"}:${port}`;
  return `http://${isV6 ? `[${address}]` : address}:${port}`;
}

function readVersion(): string {
  // From dist/master/ to the package.
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** The state can no longer be trusted; the next start repairs it from the journal. */
function die(log: Logger, error: unknown): never {
  log.fatal({ err: error }, "master cannot go on");
  process.exit(kindRules[asFault(error).kind].exitCode);
}

function readSettings(): LoadedSettings {
  try {
    return loadSettings();
  } catch (error) {
    return die(createLogger({ level: "fatal", file: null, base: { program: "master" } }), error);
  }
}

async function main(): Promise<void> {
  const { settings, warnings } = readSettings();
  const log = createLogger({
    level: settings.logLevel,
    file: settings.logFile,
    base: { program: "master", pid: process.pid },
  });
  for (const warning of warnings) log.warn({ warning }, "setting without effect");
  process.on("uncaughtException", (error) => die(log, error));
  process.on("unhandledRejection", (error) => die(log, error));

  let isStopping = false;
  const starting = startMaster(settings, log);
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, "stopping");
    starting
      .then((master) => master.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => die(log, error),
      );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  try {
    const { url } = await starting;
    log.info({ url, dataFolder: settings.dataFolder }, "master is ready");
    process.stdout.write(`${JSON.stringify({ event: "ready", url })}\n`);
  } catch (error) {
    die(log, error);
  }
}

await main();
