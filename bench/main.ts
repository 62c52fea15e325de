import fs from "node:fs";
import path from "node:path";
import { asFault } from "#shared/errors/fault";
import { kindRules } from "#shared/errors/kinds";
import {
  checkPeers,
  runComparison,
  type Comparison,
  type ComparisonResult,
} from "./cases/compare.js";
import { accessLogCase, jsonlCase } from "./cases/groups.js";
import { runSmallJob } from "./cases/small-job.js";
import { sortCase } from "./cases/sort.js";
import { filterCase, streamingCase } from "./cases/streaming.js";
import { runTasks, type TasksResult } from "./cases/tasks.js";
import { wordCountCase } from "./cases/word-count.js";
import { Children } from "./harness/children.js";
import { describeMachine } from "./harness/machine.js";
import {
  comparisonTables,
  figuresOf,
  growthOf,
  ratiosOf,
  taskFiguresOf,
  taskTables,
} from "./harness/report.js";
import { smallJobFigures, smallJobTable } from "./harness/small-job-report.js";
import { helpText, parseOptions, type BenchOptions } from "./options.js";
import type { Surroundings } from "./peers/contender.js";
import { millraceVersion } from "./peers/millrace.js";

/** What the bench needs of the program around it. */
export interface BenchHost {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of the checkout. */
  readonly root: string;
  readonly write: (text: string) => void;
}

/** @returns the exit code: 0 when all answers agree, 1 when not, 2 for wrong arguments */
export async function runBench(host: BenchHost): Promise<number> {
  const children = new Children();
  let options: BenchOptions | null = null;
  const interrupt = (): void => {
    children.killAll();
    if (options !== null) removeScratch(options);
    host.write("\ninterrupted\n");
    process.exit(130);
  };
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    options = parseOptions(host.argv, host.root);
    if (options === null) {
      host.write(helpText);
      return 0;
    }
    return await runCases({ ...host, children }, options, host);
  } catch (error) {
    const problem = asFault(error);
    host.write(`bench: ${problem.message}\n`);
    return kindRules[problem.kind].exitCode;
  } finally {
    children.killAll();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

async function runCases(
  surroundings: Surroundings,
  options: BenchOptions,
  host: BenchHost,
): Promise<number> {
  const known = {
    wordcount: wordCountCase(surroundings, options),
    "access-log": accessLogCase(surroundings, options),
    jsonl: jsonlCase(surroundings, options),
    sort: sortCase(surroundings, options),
    streaming: streamingCase(surroundings, options),
    filter: filterCase(surroundings, options),
  };
  if (options.peers?.includes("list") === true) {
    for (const comparison of Object.values(known)) host.write(listOf(comparison));
    return 0;
  }
  checkPeers(Object.values(known), options.peers ?? []);
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  host.write(
    `${machine.cpu}, ${machine.cores} cores, ${(machine.memoryBytes / 1e9).toFixed(1)} GB, ` +
      `${machine.kernel}, Node ${machine.node}\n\n`,
  );
  const problems: string[] = [];
  const cases: object[] = [];
  for (const name of options.cases) {
    if (name === "tasks" || name === "small-job") {
      const ended = await runWithoutPeers(name, surroundings, options, host.write);
      cases.push(...ended.figures);
      problems.push(...ended.problems);
      continue;
    }
    const result = await runComparison(known[name], options, host.write);
    host.write(`\n${comparisonTables(result)}\n`);
    cases.push(comparisonJson(result));
    problems.push(...result.problems.map((problem) => `${name}: ${problem}`));
  }
  if (options.jsonPath !== null) {
    const command = ["npm run bench --", ...host.argv].join(" ");
    const settings = clusterSettings(host.environment);
    const report = { command, startedAt, machine, options, settings, cases, problems };
    fs.mkdirSync(path.dirname(options.jsonPath), { recursive: true });
    fs.writeFileSync(options.jsonPath, `${JSON.stringify(report, null, 2)}\n`);
    host.write(`figures are in ${options.jsonPath}\n`);
  }
  for (const problem of problems) host.write(`WRONG ${problem}\n`);
  if (problems.length === 0) host.write("all answers agree\n");
  return problems.length === 0 ? 0 : 1;
}

/** The cases in which Millrace is measured against itself. */
async function runWithoutPeers(
  name: "tasks" | "small-job",
  surroundings: Surroundings,
  options: BenchOptions,
  write: (text: string) => void,
): Promise<{ readonly figures: readonly object[]; readonly problems: readonly string[] }> {
  if (millraceVersion(surroundings.root) === null) {
    write(`${name}: skipped: master and worker are not built (npm run build)\n`);
    return { figures: [], problems: [] };
  }
  if (name === "tasks") {
    const result = await runTasks(surroundings, options, write);
    write(`\n${taskTables(result)}\n`);
    const problems = result.problems.map((problem) => `tasks: ${problem}`);
    return { figures: [tasksJson(result)], problems };
  }
  const result = await runSmallJob(surroundings, options, write);
  write(`\n${smallJobTable(result)}\n`);
  const problems = result.problems.map((problem) => `small-job: ${problem}`);
  return { figures: [{ name, figures: smallJobFigures(result), ...result }], problems };
}

function listOf(comparison: Comparison): string {
  const lines = comparison.contenders.map(({ name, about, version, absence }) => {
    const usual = comparison.usual.includes(name) ? "" : " (on request)";
    const state = version ?? `absent: ${absence ?? "not here"}`;
    return `  ${name.padEnd(18)} ${about}${usual}; ${state}\n`;
  });
  return `${comparison.name}\n${lines.join("")}`;
}

/** Settings that masters and workers inherited: they change figures. No secret is among them. */
function clusterSettings(environment: BenchHost["environment"]): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith("MILLRACE_") || name === "MILLRACE_TOKEN") continue;
    if (value !== undefined) settings[name] = value;
  }
  return settings;
}

function comparisonJson(result: ComparisonResult): object {
  const { name, input, skipped, problems } = result;
  const figures = figuresOf(result);
  const contenders = result.contenders.map(({ runs }, index) => ({ ...figures[index], runs }));
  return { name, input, contenders, ratios: ratiosOf(result), skipped, problems };
}

function tasksJson(result: TasksResult): object {
  const figures = taskFiguresOf(result);
  return { name: "tasks", figures, growth: growthOf(figures), ...result };
}

function removeScratch({ dataFolder }: BenchOptions): void {
  fs.rmSync(path.join(dataFolder, `scratch-${process.pid}`), { recursive: true, force: true });
}
