import type { SmallJobResult, SmallJobRound } from "../cases/small-job.js";
import { median, summarize, type Summary } from "./statistics.js";
import { formatTable, type Column } from "./table.js";

/** Times of all rounds, and how they compare; ratios are medians over rounds of medians in a round. */
export interface SmallJobFigures {
  readonly clusterWallMs: Summary;
  readonly clusterJobMs: Summary;
  readonly aloneWallMs: Summary;
  readonly aloneJobMs: Summary;
  /** Submit to `_SUCCESS` in the cluster over the whole process of `millrace run`; smaller is better. */
  readonly ofWholeRun: number;
  /** The same over the job of `millrace run` alone. */
  readonly ofItsJob: number;
}

/** @returns null when no round succeeded */
export function smallJobFigures({
  rounds,
}: Pick<SmallJobResult, "rounds">): SmallJobFigures | null {
  if (rounds.length === 0) return null;
  const all = (pick: (round: SmallJobRound) => readonly number[]) =>
    summarize(rounds.flatMap((round) => [...pick(round)]));
  const ratio = (pick: (round: SmallJobRound) => readonly number[]) =>
    median(rounds.map((round) => median(round.cluster.wallMs) / median(pick(round))));
  return {
    clusterWallMs: all(({ cluster }) => cluster.wallMs),
    clusterJobMs: all(({ cluster }) => cluster.jobMs),
    aloneWallMs: all(({ alone }) => alone.wallMs),
    aloneJobMs: all(({ alone }) => alone.jobMs),
    ofWholeRun: ratio(({ alone }) => alone.wallMs),
    ofItsJob: ratio(({ alone }) => alone.jobMs),
  };
}

const columns: readonly Column[] = [
  { title: "what", align: "left" },
  { title: "median s", align: "right" },
  { title: "min s", align: "right" },
  { title: "max s", align: "right" },
];

export function smallJobTable(result: SmallJobResult): string {
  const figures = smallJobFigures(result);
  if (figures === null) return "no round succeeded\n";
  const row = (what: string, { median: middle, min, max }: Summary): string[] => [
    what,
    ...[middle, min, max].map((ms) => (ms / 1000).toFixed(3)),
  ];
  const table = formatTable(columns, [
    row("warm cluster, submit to _SUCCESS", figures.clusterWallMs),
    row("warm cluster, as the master times it", figures.clusterJobMs),
    row("millrace run, whole process", figures.aloneWallMs),
    row("millrace run, its job alone", figures.aloneJobMs),
  ]);
  return (
    `${table}\na job in a warm cluster takes ${figures.ofWholeRun.toFixed(2)}x the time of ` +
    `millrace run, ${figures.ofItsJob.toFixed(2)}x that of its job alone\n`
  );
}
