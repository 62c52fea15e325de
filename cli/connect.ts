import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { Client } from "#shared/client/client";
import { loadSettings, type LoadedSettings } from "#shared/config/load";
import { httpUrlOf } from "#shared/config/parsers";
import { settingRows } from "#shared/config/settings";
import type { Invocation } from "./command.js";

/** Where `millrace up` writes the addresses of its cluster, inside the data folder. */
export const clusterFileName = "cluster.json";

export const clusterFileSchema = z.object({
  master: z.string(),
  pid: z.int(),
  startedAt: z.string(),
  workers: z.array(z.object({ name: z.string(), address: z.string(), pid: z.int() })),
});
export type ClusterFile = z.infer<typeof clusterFileSchema>;

/** Settings as the command's flags, the environment and the file say; warnings go to the person. */
export function settingsFor(invocation: Invocation): LoadedSettings {
  const names = [...settingRows.map(([, row]) => row.flag), "config"];
  const loaded = loadSettings({ flags: invocation.settingFlags(names), cwd: invocation.cwd });
  for (const warning of loaded.warnings) invocation.terminal.note(`warning: ${warning}`);
  return loaded;
}

/** A client of the master that is named, or else of the one that `millrace up` runs here. */
export function connect(invocation: Invocation): Client {
  return connection(invocation).client;
}

/**
 * @param attemptsMax attempts of a request that may be repeated; absent: the client's own number
 * @returns the client, and whether a person said which master it talks to
 */
export function connection(
  invocation: Invocation,
  attemptsMax?: number,
): { readonly client: Client; readonly isNamed: boolean } {
  const { settings, sources } = settingsFor(invocation);
  const isNamed = sources.masterUrl !== "default";
  const here = isNamed ? null : readClusterFile(settings.dataFolder);
  const client = new Client({
    baseUrl: here?.master ?? httpUrlOf(settings.masterUrl),
    token: settings.token,
    ...(attemptsMax === undefined ? {} : { attemptsMax }),
  });
  return { client, isNamed };
}

export function readClusterFile(dataFolder: string): ClusterFile | null {
  try {
    const text = readFileSync(path.join(dataFolder, clusterFileName), "utf8");
    return clusterFileSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Absent, or half written by a process that died: then the default address is as good.
    return null;
  }
}
