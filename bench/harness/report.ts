import type { ComparisonResult } from "../cases/compare.js";
import type { TasksResult } from "../cases/tasks.js";
import { pairedRatios, summarize, type Summary } from "./statistics.js";
import { formatMegabytes, formatNumber, formatTable, type Column } from "./table.js";

/** Figures of one contender over all rounds. */
export interface ContenderFigures {
  readonly name: string;
  readonly about: string;
  readonly version: string | null;
  readonly isMillrace: boolean;
  readonly wallMs: Summary | null;
  readonly durableMs: Summary | null;
  readonly megabytesPerSecond: number | null;
  readonly peakBytes: number | null;
  readonly workerPeakBytes: number | null;
}

/** How many times as fast as a peer; larger is better for the subject. */
export interface Ratio {
  readonly subject: string;
  readonly peer: string;
  readonly ratio: Summary;
  /** The same with the peer's answer made durable, as the subject's is. */
  readonly durableRatio: Summary;
}

export function figuresOf(result: ComparisonResult): ContenderFigures[] {
  return result.contenders.map(({ contender, runs }) => {
    const { name, about, version, isMillrace } = contender;
    const wallMs = summaryOf(runs.map((run) => run.wallMs));
    return {
      name,
      about,
      version,
      isMillrace,
      wallMs,
      durableMs: summaryOf(runs.map((run) => run.durableMs)),
      megabytesPerSecond: wallMs === null ? null : result.input.sizeBytes / 1000 / wallMs.median,
      peakBytes: largest(runs.map((run) => run.peakBytes)),
      workerPeakBytes: largest(runs.map((run) => run.workerPeakBytes)),
    };
  });
}

export function ratiosOf(result: ComparisonResult): Ratio[] {
  const ratios: Ratio[] = [];
  for (const subject of result.contenders) {
    if (!subject.contender.isMillrace) continue;
    for (const peer of result.contenders) {
      if (peer.contender.isMillrace) continue;
      const subjectMs = subject.runs.map((run) => run.wallMs);
      const paired = pairedRatios(
        subjectMs,
        peer.runs.map((run) => run.wallMs),
      );
      const durable = pairedRatios(
        subjectMs,
        peer.runs.map((run) => run.durableMs),
      );
      if (paired.length === 0) continue;
      ratios.push({
        subject: subject.contender.name,
        peer: peer.contender.name,
        ratio: summarize(paired),
        durableRatio: summarize(durable),
      });
    }
  }
  return ratios;
}

const contenderColumns: readonly Column[] = [
  { title: "contender", align: "left" },
  { title: "median s", align: "right" },
  { title: "min s", align: "right" },
  { title: "max s", align: "right" },
  { title: "MB/s", align: "right" },
  { title: "+fsync s", align: "right" },
  { title: "peak MB", align: "right" },
  { title: "worker MB", align: "right" },
];

const ratioColumns: readonly Column[] = [
  { title: "subject", align: "left" },
  { title: "times as fast as", align: "left" },
  { title: "median", align: "right" },
  { title: "min", align: "right" },
  { title: "max", align: "right" },
  { title: "peer +fsync", align: "right" },
];

/** The tables of a comparison: figures, then ratios. */
export function comparisonTables(result: ComparisonResult): string {
  const rows = figuresOf(result).map((figures) => [
    figures.name,
    ...secondsOf(figures.wallMs),
    figures.megabytesPerSecond === null ? "-" : formatNumber(figures.megabytesPerSecond),
    secondsOf(figures.durableMs)[0] ?? "-",
    formatMegabytes(figures.peakBytes),
    formatMegabytes(figures.workerPeakBytes),
  ]);
  const ratioRows = ratiosOf(result).map(({ subject, peer, ratio, durableRatio }) => [
    subject,
    peer,
    formatRatio(ratio.median),
    formatRatio(ratio.min),
    formatRatio(ratio.max),
    formatRatio(durableRatio.median),
  ]);
  const tables = formatTable(contenderColumns, rows);
  return ratioRows.length === 0 ? tables : `${tables}\n${formatTable(ratioColumns, ratioRows)}`;
}

export interface TaskFigures {
  readonly taskCount: number;
  readonly wallMs: Summary;
  readonly tasksPerSecond: number;
  readonly msPerTask: number;
  /** Of each task more than in the next smaller job: start-up, the same for all, falls out. */
  readonly msPerFurtherTask: number | null;
}

/** By number of tasks, ascending. */
export function taskFiguresOf({ runs }: Pick<TasksResult, "runs">): TaskFigures[] {
  const counts = [...new Set(runs.map(({ taskCount }) => taskCount))].sort((a, b) => a - b);
  const figures: TaskFigures[] = [];
  for (const taskCount of counts) {
    const ofCount = runs.filter((run) => run.taskCount === taskCount);
    const wallMs = summaryOf(ofCount.map((run) => run.wallMs));
    if (wallMs === null) continue;
    const msPerTask = wallMs.median / taskCount;
    const smaller = figures.at(-1);
    const msPerFurtherTask =
      smaller === undefined
        ? null
        : (wallMs.median - smaller.wallMs.median) / (taskCount - smaller.taskCount);
    figures.push({
      taskCount,
      wallMs,
      tasksPerSecond: 1000 / msPerTask,
      msPerTask,
      msPerFurtherTask,
    });
  }
  return figures;
}

/** Cost of a task in the largest job over that in the smallest; null with fewer than two sizes. */
export function growthOf(figures: readonly TaskFigures[]): number | null {
  const [smallest] = figures;
  const largestJob = figures.at(-1);
  if (smallest === undefined || largestJob === undefined || figures.length < 2) return null;
  return largestJob.msPerTask / smallest.msPerTask;
}

export function taskTables(result: TasksResult): string {
  const figures = taskFiguresOf(result);
  const columns: readonly Column[] = [
    { title: "tasks", align: "right" },
    { title: "median s", align: "right" },
    { title: "min s", align: "right" },
    { title: "max s", align: "right" },
    { title: "tasks/s", align: "right" },
    { title: "ms/task", align: "right" },
    { title: "ms/further task", align: "right" },
  ];
  const rows = figures.map((job) => [
    job.taskCount.toLocaleString("en-US"),
    ...secondsOf(job.wallMs),
    formatNumber(job.tasksPerSecond),
    job.msPerTask.toFixed(3),
    job.msPerFurtherTask?.toFixed(3) ?? "-",
  ]);
  const growth = growthOf(figures);
  const [smallest] = figures;
  const last = figures.at(-1);
  const sentence =
    growth === null || smallest === undefined || last === undefined
      ? ""
      : `\ncost(${last.taskCount}) / cost(${smallest.taskCount}) of a task: ${growth.toFixed(2)}\n`;
  return formatTable(columns, rows) + sentence;
}

function secondsOf(summary: Summary | null): string[] {
  if (summary === null) return ["-", "-", "-"];
  return [summary.median, summary.min, summary.max].map((ms) => (ms / 1000).toFixed(2));
}

function formatRatio(ratio: number): string {
  return `${ratio.toFixed(2)}x`;
}

function summaryOf(values: readonly (number | null)[]): Summary | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : summarize(known);
}

function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
