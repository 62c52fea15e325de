import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { DataSet } from "../data-sets/cache.js";
import type { Children, Command } from "../harness/children.js";

/** What the bench was given by whoever started it. */
export interface Surroundings {
  /** Folder of the checkout, with `dist/` and `node_modules/`. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly children: Children;
}

/** One run to make: an input, and an empty folder for all that the run writes. */
export interface RunOrder {
  readonly input: DataSet;
  readonly folder: string;
}

export interface RunResult {
  readonly wallMs: number;
  /** Peak resident memory of all processes of the contender together. */
  readonly peakBytes: number | null;
  /** The largest of the worker processes, where the contender has workers. */
  readonly workerPeakBytes?: number | null;
  /** The answer, file after file. */
  readonly outputs: readonly string[];
}

export interface Contender {
  readonly name: string;
  /** One sentence: what it does, for the table and the JSON. */
  readonly about: string;
  readonly isMillrace: boolean;
  /** Whether `wallMs` includes making the answer durable (fsync). */
  readonly isDurable: boolean;
  /** What it runs, for the record; null when it is not installed. */
  readonly version: string | null;
  /** Why it cannot run here, when `version` is null. */
  readonly absence?: string;
  run(order: RunOrder): Promise<RunResult>;
}

/** A contender that is one command and one output file. */
export function commandContender(
  surroundings: Surroundings,
  facts: {
    readonly name: string;
    readonly about: string;
    readonly version: string | null;
    readonly absence?: string;
    readonly command: (order: RunOrder, outputPath: string) => Omit<Command, "environment">;
  },
): Contender {
  const { name, about, version, absence } = facts;
  return {
    name,
    about,
    version,
    ...(absence === undefined ? {} : { absence }),
    isMillrace: false,
    isDurable: false,
    run: async (order) => {
      const outputPath = path.join(order.folder, "answer");
      const command = facts.command(order, outputPath);
      // Byte order everywhere: the order of the machine's language is slower and another.
      const environment = { ...surroundings.environment, LC_ALL: "C", TMPDIR: order.folder };
      const measured = await surroundings.children.measure({ ...command, environment });
      return { ...measured, outputs: [outputPath] };
    },
  };
}

/** First line that a program says of its version; null when it is not installed. */
export function programVersion(program: string, flag: string): string | null {
  const answer = spawnSync(program, [flag], { encoding: "utf8" });
  if (answer.error !== undefined) return null;
  return `${answer.stdout}${answer.stderr}`.split("\n")[0]?.trim() ?? null;
}

/** Version of an installed package; null when it is not. */
export function packageVersion(root: string, name: string): string | null {
  const file = path.join(root, "node_modules", name, "package.json");
  if (!fs.existsSync(file)) return null;
  const facts = JSON.parse(fs.readFileSync(file, "utf8")) as { version: string };
  return facts.version;
}
