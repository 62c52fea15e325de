import fs from "node:fs";
import path from "node:path";
import { fault } from "#shared/errors/fault";
import { dataSet, itemNames, type DataKind, type DataSet } from "../data-sets/cache.js";
import { formatMegabytes, formatNumber, formatSeconds } from "../harness/table.js";
import { runRounds, type Run } from "../harness/rounds.js";
import type { BenchOptions } from "../options.js";
import type { Contender } from "../peers/contender.js";
import { disagreements, type NamedAnswer } from "../verify/agreement.js";
import type { Answer } from "../verify/words.js";

/** A case in which several contenders answer the same question. */
export interface Comparison {
  readonly name: string;
  readonly kind: DataKind;
  readonly contenders: readonly Contender[];
  /** Names that run unless others are asked for. */
  readonly usual: readonly string[];
  readonly readAnswer: (outputs: readonly string[]) => Answer;
  /** What the input says of the right answer; null: what most contenders say is right. */
  readonly expected: ((input: DataSet) => string) | null;
}

export interface ComparisonResult {
  readonly name: string;
  readonly input: DataSet;
  readonly contenders: readonly { readonly contender: Contender; readonly runs: readonly Run[] }[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  /** One sentence for each wrong answer or failed run. */
  readonly problems: readonly string[];
}

/** Runs a comparison. @param write takes progress, line by line */
export async function runComparison(
  comparison: Comparison,
  options: BenchOptions,
  write: (text: string) => void,
): Promise<ComparisonResult> {
  const { name, kind } = comparison;
  const { dataFolder, seed, sizeBytes, runs, warmUps, keep } = options;
  const wanted = chosen(comparison, options.peers);
  const contenders = wanted.filter(({ version }) => version !== null);
  const skipped = wanted
    .filter(({ version }) => version === null)
    .map((contender) => ({ name: contender.name, reason: contender.absence ?? "not here" }));
  for (const one of skipped) write(`${name}: skipped ${one.name}: ${one.reason}\n`);

  const input = dataSet({ kind, folder: dataFolder, seed, sizeBytes }, (file) =>
    write(`${name}: generating ${file}\n`),
  );
  const megabytes = formatMegabytes(input.sizeBytes);
  const items = `${input.itemCount.toLocaleString("en-US")} ${itemNames[kind]}`;
  write(`${name}: ${megabytes} MB, ${items}, ${contenders.length} contenders, ${runs} rounds\n`);

  const folder = path.join(dataFolder, `scratch-${process.pid}`, name);
  const results = await runRounds({
    contenders,
    input,
    runs,
    warmUps,
    folder,
    keep,
    readAnswer: comparison.readAnswer,
    onRun: (contender, run, isWarmUp) => {
      const round = isWarmUp ? "warm-up" : `round ${run.round + 1}/${runs}`;
      write(`  ${round.padEnd(12)} ${contender.name.padEnd(18)} ${runInWords(run, input)}\n`);
    },
  });
  if (!keep) fs.rmSync(path.dirname(folder), { recursive: true, force: true });
  else write(`${name}: answers and logs are kept in ${folder}\n`);

  const all = contenders.map((contender) => ({
    contender,
    runs: results.get(contender.name) ?? [],
  }));
  const expected = comparison.expected?.(input) ?? null;
  return { name, input, contenders: all, skipped, problems: problemsOf(all, expected) };
}

function chosen(comparison: Comparison, peers: readonly string[] | null): Contender[] {
  const names = peers ?? comparison.usual;
  return comparison.contenders.filter(({ name }) => names.includes(name));
}

/** @throws MR_ARGUMENT_INVALID for a name that no comparison knows */
export function checkPeers(comparisons: readonly Comparison[], peers: readonly string[]): void {
  const known = comparisons.flatMap(({ contenders }) => contenders.map(({ name }) => name));
  for (const name of peers) {
    if (known.includes(name)) continue;
    const allowed = [...new Set(known)].join(", ");
    throw fault("MR_ARGUMENT_INVALID", `--peers has ${JSON.stringify(name)}; allowed: ${allowed}`);
  }
}

function runInWords(run: Run, input: DataSet): string {
  if (run.wallMs === null) return `failed: ${shorten(run.error ?? "unknown")}`;
  const speed = formatNumber(input.sizeBytes / 1000 / run.wallMs);
  const peak = formatMegabytes(run.peakBytes);
  return `${formatSeconds(run.wallMs).padStart(9)} ${speed.padStart(6)} MB/s  peak ${peak} MB`;
}

function problemsOf(all: ComparisonResult["contenders"], expected: string | null): string[] {
  const answers: NamedAnswer[] = [];
  const failures: string[] = [];
  for (const { contender, runs } of all) {
    for (const { answer, error } of runs) {
      if (answer !== null) answers.push({ name: contender.name, answer });
      if (error !== null) failures.push(`${contender.name} failed: ${shorten(error)}`);
    }
  }
  return [...new Set(failures), ...disagreements(answers, expected)];
}

/** One line for the terminal; the JSON file has the whole text. */
function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
