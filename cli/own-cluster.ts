import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Client } from "#shared/client/client";
import type { Settings } from "#shared/config/settings";
import { Cluster } from "./cluster.js";
import type { Invocation } from "./command.js";
import { settingsFor } from "./connect.js";

/**
 * The planner makes at least two tasks of each stage; with two slots they run beside each other, so
 * that a job that only works alone is found out here.
 */
const slotsMin = 2;

/** Does something on a master and a worker of its own, in a temporary folder; nothing of it stays. */
export async function withOwnCluster<Result>(
  invocation: Invocation,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  const { settings } = settingsFor(invocation);
  const dataFolder = await mkdtemp(path.join(os.tmpdir(), "millrace-run-"));
  let cluster: Cluster | null = null;
  try {
    cluster = await Cluster.start({
      settings: ownSettings(settings, dataFolder),
      workerCount: 1,
      restart: true,
      announce: false,
      onEvent: (line) => invocation.terminal.note(line),
    });
    return await use(new Client({ baseUrl: cluster.url, token: null }));
  } finally {
    await cluster?.stop(1_000);
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** Only what concerns one private cluster is taken from the settings. */
function ownSettings(settings: Settings, dataFolder: string): Settings {
  return {
    ...settings,
    dataFolder,
    journalFolder: path.join(dataFolder, "journal"),
    host: "127.0.0.1",
    port: 0,
    token: null,
    workerHost: "127.0.0.1",
    advertisedHost: "127.0.0.1",
    workerPort: 0,
    logFile: null,
    slots: Math.max(slotsMin, settings.slots),
  };
}
