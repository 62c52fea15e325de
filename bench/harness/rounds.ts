import fs from "node:fs";
import path from "node:path";
import { messageOf } from "#shared/errors/fault";
import type { DataSet } from "../data-sets/cache.js";
import type { Contender } from "../peers/contender.js";
import type { Answer } from "../verify/words.js";
import { rotated } from "./statistics.js";

/** One run of one contender; `error` says why there are no figures. */
export interface Run {
  readonly round: number;
  readonly wallMs: number | null;
  /** Until the answer would survive a power cut: with the fsync that most contenders do not make. */
  readonly durableMs: number | null;
  readonly peakBytes: number | null;
  readonly workerPeakBytes: number | null;
  readonly answer: Answer | null;
  readonly error: string | null;
}

export interface RoundsPlan {
  readonly contenders: readonly Contender[];
  readonly input: DataSet;
  readonly runs: number;
  readonly warmUps: number;
  /** Every run gets an empty folder below it. */
  readonly folder: string;
  readonly keep: boolean;
  readonly readAnswer: (outputs: readonly string[]) => Answer;
  readonly onRun: (contender: Contender, run: Run, isWarmUp: boolean) => void;
}

/** Runs every contender once a round, in rotated order. @returns the runs of each, by name */
export async function runRounds(plan: RoundsPlan): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>(plan.contenders.map(({ name }) => [name, []]));
  for (let round = -plan.warmUps; round < plan.runs; round++) {
    for (const contender of rotated(plan.contenders, round + plan.warmUps)) {
      const run = await runOnce(plan, contender, round);
      plan.onRun(contender, run, round < 0);
      if (round >= 0) runs.get(contender.name)?.push(run);
    }
  }
  return runs;
}

async function runOnce(plan: RoundsPlan, contender: Contender, round: number): Promise<Run> {
  const folder = path.join(plan.folder, `${contender.name}-${round}`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  warmCache(plan.input.path);
  try {
    const result = await contender.run({ input: plan.input, folder });
    const syncMs = syncFiles(result.outputs);
    return {
      round,
      wallMs: result.wallMs,
      durableMs: contender.isDurable ? result.wallMs : result.wallMs + syncMs,
      peakBytes: result.peakBytes,
      workerPeakBytes: result.workerPeakBytes ?? null,
      answer: plan.readAnswer(result.outputs),
      error: null,
    };
  } catch (error) {
    const nothing = { wallMs: null, durableMs: null, peakBytes: null, workerPeakBytes: null };
    return { round, ...nothing, answer: null, error: messageOf(error) };
  } finally {
    const isLast = round === plan.runs - 1;
    if (!plan.keep || !isLast) fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads the input once, so that nobody is the first to fetch it from disk. */
function warmCache(file: string): void {
  const block = Buffer.allocUnsafe(4 * 1024 * 1024);
  const handle = fs.openSync(file, "r");
  while (fs.readSync(handle, block, 0, block.length, null) > 0);
  fs.closeSync(handle);
}

/** Also keeps the next contender from paying for what this one left to be written. */
function syncFiles(files: readonly string[]): number {
  const startedMs = performance.now();
  for (const file of files) {
    const handle = fs.openSync(file, "r+");
    fs.fsyncSync(handle);
    fs.closeSync(handle);
  }
  return performance.now() - startedMs;
}
